import type { Command } from 'commander';
import { judgeHolds, sweepHolds, type JudgedHold } from '#console/holds.ts';
import { shownCredits } from '#domain/credits.ts';
import { explainError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { runAsPerson } from './as-person.ts';
import { runOnServer, withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { wholeNumber } from './whole-number.ts';

/** Exit statuses: 0 nothing is stranded (any more), 1 it could not be done, 3 something is stranded or cannot be judged. */
const EXIT_FOUND = 3;
const MINUTES_MAX = 100_000;

interface HoldFlags extends ServerFlags {
  readonly sweep: boolean;
  readonly olderThan: number;
}

/** Adds `holds` to the program. */
export function addHoldsCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('holds')
      .description(
        'Lists reservations that nobody needs any more. Writes nothing without --sweep, which gives them back.',
      )
      .option('--sweep', 'give back what is stranded; what cannot be judged is left to finance', false)
      .option('--older-than <minutes>', 'leave younger ones alone', wholeNumber(0, MINUTES_MAX), 10),
  ).action(async (flags: HoldFlags) => {
    const appName = 'Runledger holds';
    const look = (store: Store, sweeper: Actor | null): Promise<Result<CommandReport, AppError>> =>
      lookAtHolds(store, { ageMsMin: flags.olderThan * 60_000, signal: context.signal }, sweeper);
    if (!flags.sweep) {
      context.exit(await runOnServer(flags, { appName, isReadOnly: true }, (store) => look(store, null)));
      return;
    }
    // It writes what a cancellation writes: credits go back to whom they were reserved from.
    const asked = { olderThanMinutes: flags.olderThan };
    const needs = { appName, request: 'cancel.run', action: 'holds.sweep', asked } as const;
    context.exit(await runAsPerson(flags, needs, look));
  });
}

/** @param sweeper who gives back what is stranded; null where nobody does */
async function lookAtHolds(
  store: Store,
  which: Parameters<typeof judgeHolds>[1],
  sweeper: Actor | null,
): Promise<Result<CommandReport, AppError>> {
  const judged = await judgeHolds(store.reader, which);
  if (!judged.ok) return judged;
  const { holds } = judged.value;
  const unreadable = judged.value.unreadable.map(explainError);
  const stranded = holds.filter(({ verdict }) => verdict.type === 'stranded');
  const unknown = holds.filter(({ verdict }) => verdict.type === 'unknown');
  const swept = sweeper === null ? ok(0) : await sweepNow(store, stranded, sweeper);
  if (!swept.ok) return swept;
  const needed = holds.length - stranded.length - unknown.length;
  const isDone = unreadable.length === 0 && unknown.length === 0 && swept.value === stranded.length;
  const counts = `${needed} needed, ${stranded.length} stranded, ${unknown.length} that cannot be judged.`;
  const advice =
    sweeper === null ? 'Nothing was written; --sweep gives stranded ones back.' : `${swept.value} given back.`;
  return ok({
    status: isDone ? 0 : EXIT_FOUND,
    json: {
      needed,
      stranded: stranded.map(viewOf),
      unknown: unknown.map(viewOf),
      unreadable,
      swept: swept.value,
      isDryRun: sweeper === null,
    },
    text: [...[...stranded, ...unknown].map(lineOf), ...unreadable, counts, advice].join('\n'),
    noted: { swept: swept.value },
  });
}

async function sweepNow(
  { reader, writer }: Store,
  stranded: readonly JudgedHold[],
  actor: Actor,
): Promise<Result<number, AppError>> {
  const now = await reader.serverNow();
  if (!now.ok) return now;
  return sweepHolds(writer, stranded, { actor, now: now.value });
}

function viewOf({ job: _job, ...view }: JudgedHold): Omit<JudgedHold, 'job'> {
  return view;
}

function lineOf({ workspaceId, generationId, jobId, credits, at, verdict }: JudgedHold): string {
  const why = verdict.type === 'unknown' ? `unknown: ${verdict.evidence.join(' ')}` : `${verdict.type}: ${verdict.why}`;
  return `${workspaceId}  ${generationId}  job ${jobId ?? '(none)'}  ${shownCredits(credits)} credits since ${at.toISOString()}  ${why}`;
}
