import { MongoBulkWriteError, type AnyBulkWriteOperation, type Document } from 'mongodb';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { historyEntrySchema, isKeepable, jobStateSchema, type HistoryEntry } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { JobChange } from '#domain/transition.ts';
import { guardOf, leaseFilter, literal, pipelineOf } from './change-update.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall, refusalsOf } from './driver-errors.ts';
import { writeEnding } from './full-documents.ts';
import type { JobWrite } from './ports.ts';

/** Writes of one job that follow from one another and are written as one: all of them or none. */
interface Chain {
  readonly writes: JobWrite[];
  /** The last change among them, null where there are only acceptances. */
  last: JobChange | null;
}

type Outcome = Result<void, AppError>;

/**
 * Applies writes in one round trip. What follows from one another for one job is one statement: each stage of its pipeline
 * sees what the stage before it did, and the guard of the first change stands for all. Where not every statement met its job,
 * or the server refused some, it is read back which stand, whoever's reply was lost. An end that does not fit into its document is
 * written with less in it.
 * @returns for each write in order: done, `lease_lost` or `write_conflict` with nothing written, or the server's refusal
 */
export async function applyWrites(
  jobs: Collections['jobs'],
  writes: readonly JobWrite[],
): Promise<Result<readonly Outcome[], AppError>> {
  const sound = writes.filter((write) => !isUnkeepable(write));
  const chains = chainsOf(sound);
  if (chains.length > 0) {
    const written = await attemptCall(() => jobs.bulkWrite(chains.map(statementOf), { ordered: false }));
    // One document that the server refuses to write must not make the others wait for ever.
    const isPartial = !written.ok && written.error.cause instanceof MongoBulkWriteError;
    if (!written.ok && !isPartial) return written;
    const areAll = written.ok && written.value.matchedCount === chains.length;
    if (!areAll) {
      const told = await tellApplied(jobs, writes, chains, written.ok ? () => null : refusalsIn(written.error, chains));
      return told.ok ? ok(await endFull(jobs, writes, told.value)) : told;
    }
  }
  return ok(writes.map((write) => (isUnkeepable(write) ? unkeepable(write) : ok(undefined))));
}

/** What the server has against a write: what it said of its statement where it named it, else what it said of all. */
function refusalsIn(error: AppError, chains: readonly Chain[]): (write: JobWrite) => AppError {
  const named = refusalsOf(
    error.cause,
    chains.map((_, at) => String(at)),
  );
  const byWrite = new Map(
    chains.flatMap(({ writes }, at) => {
      const refusal = named.ok ? named.value.get(String(at)) : undefined;
      return refusal === undefined ? [] : writes.map((write) => [write, refusal] as const);
    }),
  );
  return (write) => byWrite.get(write) ?? error;
}

/** A job that has come to its end must not go on because its document is full. */
async function endFull(
  jobs: Collections['jobs'],
  writes: readonly JobWrite[],
  outcomes: readonly Outcome[],
): Promise<readonly Outcome[]> {
  return Promise.all(
    outcomes.map(async (outcome, at) => {
      const write = writes[at];
      const isFull = !outcome.ok && outcome.error.code === 'document_too_large';
      return isFull && write?.type === 'change' && write.change.to === 'failed'
        ? writeEnding(jobs, write.change)
        : outcome;
    }),
  );
}

// The document stays a job, and the attempt goes on.
function isUnkeepable(write: JobWrite): boolean {
  return write.type === 'acceptance' && !isKeepable(write.acceptanceId);
}

function unkeepable(write: JobWrite): Outcome {
  const length = write.type === 'acceptance' ? write.acceptanceId.length : 0;
  return err(appError('invalid_request', `an acceptance id of ${length} characters that cannot be kept`));
}

function chainsOf(writes: readonly JobWrite[]): readonly Chain[] {
  const chains: Chain[] = [];
  const latest = new Map<string, Chain>();
  for (const write of writes) {
    const jobId = jobIdOf(write);
    const chain = latest.get(jobId);
    if (chain !== undefined && isNext(chain, write)) {
      chain.writes.push(write);
      if (write.type === 'change') chain.last = write.change;
      continue;
    }
    const begun: Chain = { writes: [write], last: write.type === 'change' ? write.change : null };
    chains.push(begun);
    latest.set(jobId, begun);
  }
  return chains;
}

/** Whether a write was planned from what the chain makes of the job, under the same lease. */
function isNext({ writes, last }: Chain, write: JobWrite): boolean {
  const before = writes.at(-1);
  if (before === undefined || tokenOf(before) !== tokenOf(write)) return false;
  if (write.type === 'acceptance') return last === null || last.lease.type === 'keep';
  return (
    last === null || (write.change.guard.version === last.guard.version + 1 && write.change.guard.state === last.to)
  );
}

function jobIdOf(write: JobWrite): string {
  return write.type === 'change' ? write.change.jobId : write.lease.jobId;
}

function tokenOf(write: JobWrite): number {
  return write.type === 'change' ? write.change.guard.leaseToken : write.lease.token;
}

function statementOf({ writes }: Chain): AnyBulkWriteOperation<RawDocument> {
  const first = writes.find((write) => write.type === 'change');
  const filter = first === undefined ? leaseFilterOf(writes) : guardOf(first.change);
  const update = writes.flatMap((write) =>
    write.type === 'change' ? pipelineOf(write.change) : acceptancePipeline(write.acceptanceId),
  );
  return { updateOne: { filter, update } };
}

function leaseFilterOf(writes: readonly JobWrite[]): Document {
  return writes.flatMap((write) => (write.type === 'acceptance' ? [leaseFilter(write.lease)] : []))[0] ?? {};
}

function acceptancePipeline(acceptanceId: string): Document[] {
  return [{ $set: { 'provider.acceptanceId': literal(acceptanceId), updatedAt: '$$NOW' } }];
}

const appliedSchema = z.object({
  _id: z.string(),
  version: z.number(),
  state: jobStateSchema,
  leaseToken: z.number().nullish(),
  provider: z.object({ acceptanceId: z.string().nullish() }),
  attempts: z.array(z.object({ acceptanceId: z.string().nullish() })).default([]),
  history: z.array(historyEntrySchema).default([]),
});
type Applied = z.infer<typeof appliedSchema>;

/** Which of the writes stand: changes whose history entry is there, acceptances whose id is. */
async function tellApplied(
  jobs: Collections['jobs'],
  writes: readonly JobWrite[],
  chains: readonly Chain[],
  refusalOf: (write: JobWrite) => AppError | null,
): Promise<Result<readonly Outcome[], AppError>> {
  const fields = { version: 1, state: 1, leaseToken: 1, provider: 1, attempts: 1, history: 1 };
  const ids = [...new Set(writes.map(jobIdOf))];
  const found = await attemptCall(() =>
    jobs
      .find({ _id: { $in: ids } })
      .project(fields)
      .toArray(),
  );
  if (!found.ok) return found;
  const byId = new Map(
    found.value.flatMap((document) => {
      const parsed = safeParse(appliedSchema, document);
      return parsed.success ? [[parsed.data._id, parsed.data] as const] : [];
    }),
  );
  const outcomes = writes.map((write) =>
    isUnkeepable(write) ? unkeepable(write) : outcomeOf(write, byId, refusalOf(write)),
  );
  return storeAcceptancesAlone(jobs, { writes, chains, byId, outcomes });
}

function outcomeOf(write: JobWrite, byId: ReadonlyMap<string, Applied>, refusal: AppError | null): Outcome {
  const jobId = jobIdOf(write);
  const job = byId.get(jobId);
  if (job !== undefined && stands(write, job)) return ok(undefined);
  if ((job?.leaseToken ?? 0) !== tokenOf(write)) return err(appError('lease_lost', jobId));
  if (write.type === 'acceptance') return err(refusal ?? appError('lease_lost', jobId));
  if (refusal !== null && job?.version === write.change.guard.version) return err(refusal);
  return err(appError('write_conflict', jobId));
}

function stands(write: JobWrite, job: Applied): boolean {
  if (write.type === 'change') return job.history.some((entry) => isEntryOf(write.change, entry));
  const known = [job.provider, ...job.attempts].map((one) => one.acceptanceId);
  const isKnown = known.some((id) => typeof id === 'string' && isSameText(id, write.acceptanceId));
  return (job.leaseToken ?? 0) === write.lease.token && isKnown;
}

/** What the provider has accepted is kept also where a change that went with it was refused: it is paid for. */
async function storeAcceptancesAlone(
  jobs: Collections['jobs'],
  told: {
    readonly writes: readonly JobWrite[];
    readonly chains: readonly Chain[];
    readonly byId: ReadonlyMap<string, Applied>;
    readonly outcomes: readonly Outcome[];
  },
): Promise<Result<readonly Outcome[], AppError>> {
  const { writes, chains, byId, outcomes } = told;
  const shared = new Set(chains.flatMap((chain) => (chain.writes.length > 1 ? chain.writes : [])));
  const isLeased = (jobId: string): boolean => ['running', 'validating'].includes(byId.get(jobId)?.state ?? '');
  const alone = writes.filter(
    (write, at) =>
      write.type === 'acceptance' &&
      shared.has(write) &&
      outcomes[at]?.ok === false &&
      byId.get(write.lease.jobId)?.leaseToken === write.lease.token &&
      isLeased(write.lease.jobId),
  );
  if (alone.length === 0) return ok(outcomes);
  const retried = await Promise.all(alone.map((write) => applyWrites(jobs, [write])));
  const byWrite = new Map(alone.map((write, at) => [write, retried[at]]));
  return ok(
    outcomes.map((outcome, at) => {
      const write = writes[at];
      const again = write === undefined ? undefined : byWrite.get(write);
      if (again === undefined) return outcome;
      return again.ok ? (again.value[0] ?? outcome) : again;
    }),
  );
}

function isEntryOf(change: JobChange, entry: HistoryEntry): boolean {
  const { history } = change;
  return (
    entry.seq === history.seq &&
    entry.from === history.from &&
    entry.to === history.to &&
    entry.attempt === history.attempt &&
    isSameText(entry.actor.id, history.actor.id) &&
    isSameText(entry.reason, history.reason)
  );
}

/** Half of a character, as of a text that was cut, is stored as the sign for what is none (U+FFFD). */
function isSameText(stored: string, written: string): boolean {
  return stored.toWellFormed() === written.toWellFormed();
}
