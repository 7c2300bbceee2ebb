import { STRANDED } from '#domain/charge.ts';
import { explainError, type AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import { periodOf, type Actor, type CreditAccount } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import { judgeHold, type HoldVerdict } from '#domain/stranded-hold.ts';
import type { ReadableStore, WritableStore } from '#store/ports.ts';
import type { ReleasedJob } from '#store/stranded-release.ts';

/** A reservation, and what was found out about it. */
export interface JudgedHold {
  readonly workspaceId: string;
  readonly generationId: string;
  readonly jobId: string | null;
  readonly credits: number;
  readonly at: Date;
  readonly verdict: HoldVerdict;
  /** What of the job it was judged by; null where there is none. Of every reservation, so that no job is kept whole. */
  readonly job: ReleasedJob | null;
}

/** Every reservation that was judged, and the accounts that could not be read, whose reservations nobody knows. */
export interface JudgedHolds {
  readonly holds: readonly JudgedHold[];
  readonly unreadable: readonly AppError[];
}

type Reader = Pick<ReadableStore, 'iterateAccounts' | 'readGenerationEntries' | 'readJob' | 'serverNow'>;
type Writer = Pick<WritableStore, 'oweRelease' | 'settle' | 'postEntry'>;

/**
 * Judges every reservation of every account, the account's figures first and what explains them after, so that what moves
 * meanwhile looks needed and never stranded. An account that cannot be read keeps no other from being judged, and entries that
 * cannot be read make `unknown` of their reservation alone. Errors: those of reading; throws the driver's where the server goes away.
 */
export async function judgeHolds(
  reader: Reader,
  options: { readonly ageMsMin: number; readonly signal: AbortSignal },
): Promise<Result<JudgedHolds, AppError>> {
  const now = await reader.serverNow();
  if (!now.ok) return now;
  const judged: JudgedHold[] = [];
  const unreadable: AppError[] = [];
  for await (const account of reader.iterateAccounts(options.signal, (error) => unreadable.push(error))) {
    for (const generationId of Object.keys(account.holds)) {
      const hold = await judgeOne(reader, account, generationId, { ...options, now: now.value });
      if (!hold.ok) return hold;
      judged.push(hold.value);
    }
  }
  return ok({ holds: judged, unreadable });
}

async function judgeOne(
  reader: Reader,
  account: CreditAccount,
  generationId: string,
  { ageMsMin, now }: { readonly ageMsMin: number; readonly now: Date },
): Promise<Result<JudgedHold, AppError>> {
  const { credits = 0, at = now } = account.holds[generationId] ?? {};
  const posted = await reader.readGenerationEntries(generationId);
  if (!posted.ok && posted.error.code === 'malformed_document') {
    const verdict = { type: 'unknown', evidence: [explainError(posted.error)] } as const;
    return ok({ workspaceId: account._id, generationId, jobId: null, credits, at, verdict, job: null });
  }
  if (!posted.ok) return posted;
  // What the account already contains and the ledger does not have yet counts as posted.
  const standing = new Set(posted.value.map(({ _id }) => _id));
  const posting = Object.values(account.posting).filter(
    (entry) => entry.generationId === generationId && !standing.has(entry._id),
  );
  const entries = [...posted.value, ...posting];
  const jobId = entries.find((entry) => entry.jobId !== null)?.jobId ?? null;
  const found = jobId === null ? ok(null) : await reader.readJob(jobId);
  if (!found.ok) return found;
  const job = found.value?.type === 'job' ? found.value.job : null;
  const isJobThere = found.value !== null;
  const verdict = judgeHold({ generationId, credits, at, entries, job, isJobThere, now, ageMsMin });
  return ok({ workspaceId: account._id, generationId, jobId, credits, at, verdict, job: job && releasedOf(job) });
}

function releasedOf({ _id, version, state, attempt, billing }: Job): ReleasedJob {
  return { _id, version, state, attempt, billing };
}

/**
 * Gives stranded reservations back, each through the charge protocol and guarded by what it was judged from. Doing it again, or
 * twice at once, gives nothing back a second time.
 * @returns how many were given back; the others have moved since they were judged
 */
export async function sweepHolds(
  writer: Writer,
  holds: readonly JudgedHold[],
  { actor, now }: { readonly actor: Actor; readonly now: Date },
): Promise<Result<number, AppError>> {
  let swept = 0;
  for (const { verdict, job, workspaceId, generationId, jobId, credits } of holds) {
    if (verdict.type !== 'stranded') continue;
    const key = verdict.releaseKey;
    if (verdict.owedBy === 'job' && job !== null) {
      const owed = await writer.oweRelease(job, { key, credits, reason: STRANDED }, actor);
      if (!owed.ok) return owed;
      if (!owed.value) continue;
      const settled = await writer.settle([job._id]);
      if (!settled.ok) return settled;
      swept += 1;
      continue;
    }
    const entry = { _id: key, workspaceId, jobId, generationId, attempt: null, type: 'release', credits } as const;
    const posted = await writer.postEntry({ ...entry, at: now, actor, reason: STRANDED, period: periodOf(now) });
    // A hold that is gone by now was given back by somebody else.
    if (!posted.ok && posted.error.code !== 'no_hold') return posted;
    if (posted.ok && posted.value === 'posted') swept += 1;
  }
  return ok(swept);
}
