import type { Document } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import {
  controlOfWish,
  runnerControlSchema,
  runnerNodeSchema,
  type RunnerAnnouncement,
  type RunnerControl,
  type RunnerNode,
  type RunnerWish,
} from '#domain/runner-node.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { literal } from './change-update.ts';
import type { Collections } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { parsed } from './parsed.ts';

/** Writes what a runner says of itself, stamped by the server, and reads what is wished of it in the same call. */
export async function announceRunner(
  runners: Collections['runners'],
  { _id, ...fields }: RunnerAnnouncement,
): Promise<Result<RunnerControl | null, AppError>> {
  const literals = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, literal(value)]));
  const written = await attemptCall(() =>
    runners.findOneAndUpdate(
      { _id },
      [{ $set: { ...literals, heartbeatAt: '$$NOW', startedAt: { $ifNull: ['$startedAt', '$$NOW'] } } }],
      { upsert: true, returnDocument: 'after', projection: { control: 1 } },
    ),
  );
  if (!written.ok) return written;
  const control = safeParse(runnerControlSchema, written.value?.['control']);
  return ok(control.success ? control.data : null);
}

/** Leaves a wish in a runner's document, beside what was wished of it before. */
export async function controlRunner(
  runners: Collections['runners'],
  runnerId: string,
  wish: RunnerWish,
  by: Actor,
): Promise<Result<RunnerNode, AppError>> {
  const changed = controlOfWish(wish);
  const wished: Document = Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, literal(value)]));
  const before = { $ifNull: ['$control.revision', 0] };
  const revision = { $add: [before, 1] };
  const control = {
    state: { $ifNull: ['$control.state', null] },
    concurrency: { $ifNull: ['$control.concurrency', null] },
    ...wished,
    revision,
    stateRevision: changed.state === undefined ? { $ifNull: ['$control.stateRevision', before] } : revision,
    by: literal(by),
    at: '$$NOW',
  };
  const written = await attemptCall(() =>
    runners.findOneAndUpdate({ _id: runnerId, state: { $ne: 'stopped' } }, [{ $set: { control } }], {
      returnDocument: 'after',
    }),
  );
  if (!written.ok) return written;
  if (written.value === null) return err(appError('not_found', `no runner ${runnerId} that has not ended`));
  return parsed(runnerNodeSchema, written.value, `runner ${runnerId}`);
}
