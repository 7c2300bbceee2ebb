import { appError, type AppError } from '#domain/errors.ts';
import { explainStandstill, type Standstill } from '#domain/job-standstill.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { fullLimitsOf } from '#domain/runner-limits.ts';
import { isLivenessKnown } from '#domain/runner-node.ts';
import type { ReadableStore } from '#store/ports.ts';

type Reader = Pick<ReadableStore, 'readJob' | 'readAccount' | 'listRunners' | 'readLimits' | 'serverNow'>;

/** Why a job is not moving, from what the server has now. Errors: `not_found`, and those of reading. */
export async function readStandstill(reader: Reader, jobId: string): Promise<Result<Standstill, AppError>> {
  const found = await reader.readJob(jobId);
  if (!found.ok) return found;
  if (found.value === null) return err(appError('not_found', jobId));
  const now = await reader.serverNow();
  if (!now.ok) return now;
  const runners = await reader.listRunners();
  if (!runners.ok) return runners;
  if (!isLivenessKnown(runners.value, now.value)) {
    return err(appError('malformed_document', `runner_nodes ${runners.value.malformed[0]?.id ?? ''}`));
  }
  const facts = { runners: runners.value.values, fullLimits: [], heldBackUntil: null, now: now.value };
  if (found.value.type === 'malformed') {
    return ok(explainStandstill({ ...facts, job: found.value.malformed, account: null }));
  }
  const { job } = found.value;
  const limits = await reader.readLimits();
  if (!limits.ok) return limits;
  const fullLimits = fullLimitsOf(limits.value, job);
  const heldBackUntil =
    limits.value.rates.find(({ provider }) => provider === job.provider.name)?.heldBackUntil ?? null;
  const account = await reader.readAccount(job.workspaceId);
  return account.ok
    ? ok(explainStandstill({ ...facts, fullLimits, heldBackUntil, job, account: account.value }))
    : account;
}
