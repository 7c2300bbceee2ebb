import type { Filter, FindCursor } from 'mongodb';
import { z } from 'zod';
import type { JobFilter, Moment } from '#contract/job-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { idTextOf } from '#domain/job.ts';
import { creditAccountSchema, ledgerEntrySchema, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { toJobDocument } from './parsed-changes.ts';
import type { JobDocument } from './ports.ts';

/** By the id of what was asked for: why a document of it cannot be read. */
export type Unread = ReadonlyMap<string, string>;

/** The most jobs on their way that are looked at for a plan. */
const LIVE_JOBS_MAX = 100_000;

/** The jobs that are on their way, by what they were asked for. */
export interface LiveInputs {
  /** The id of one with this input in this workspace, null where there is none. */
  idOf(workspaceId: string, inputHash: string): string | null;
}

const balanceSchema = creditAccountSchema.pick({ _id: true, available: true });
const liveInputSchema = z.object({ _id: z.string(), workspaceId: z.string(), input: z.object({ hash: z.string() }) });

function inputKey(workspaceId: string, hash: string): string {
  return `${hash}\0${workspaceId}`;
}

/**
 * Reads of many at once, for plans and their runs; each call takes at most a few thousand ids. Whole documents are handed over one by
 * one, because each may have 16 MiB: whoever takes them keeps only what is asked of them.
 */
export class BulkReads {
  readonly #collections: Collections;

  constructor(collections: Collections) {
    this.#collections = collections;
  }

  /** Hands over the documents of these ids that are there, in no order. */
  async eachJob(ids: readonly string[], take: (document: JobDocument) => void): Promise<Result<void, AppError>> {
    return attemptCall(async () => {
      const found = this.#collections.jobs.find({ _id: { $in: [...ids] } });
      for await (const document of found) take(toJobDocument(document));
    });
  }

  /** Hands over the jobs that were changed last, the newest first. */
  async eachRecentJob(limit: number, take: (document: JobDocument) => void): Promise<Result<void, AppError>> {
    return attemptCall(async () => {
      const found = this.#collections.jobs.find().sort({ updatedAt: -1, _id: -1 }).limit(limit);
      for await (const document of found) take(toJobDocument(document));
    });
  }

  /** Hands over jobs with a failure that were created since a time, the newest first, until there are no more or it is enough. */
  async eachWithFailure(
    since: Date,
    take: (document: JobDocument) => 'more' | 'enough',
  ): Promise<Result<void, AppError>> {
    return attemptCall(async () => {
      const found = this.#collections.jobs
        .find({ createdAt: { $gte: since }, $or: [{ failure: { $ne: null } }, { 'attempts.1': { $exists: true } }] })
        .sort({ createdAt: -1, _id: -1 })
        .allowDiskUse(true);
      for await (const document of found) if (take(toJobDocument(document)) === 'enough') break;
    });
  }

  /** Hands over every entry of these generations, in no order. @returns of each generation with one that cannot be read, why not */
  eachEntryOfGenerations(
    ids: readonly string[],
    take: (entry: LedgerEntry) => void,
  ): Promise<Result<Unread, AppError>> {
    const found = this.#collections.ledger.find({ generationId: { $in: [...ids] } });
    return eachParsed(ledgerEntrySchema, found, { noun: 'ledger entry', of: 'generationId', take });
  }

  /** Hands over every entry of these jobs, of all their generations, in no order. @returns of each job with one that cannot be read, why not */
  eachEntryOfJobs(ids: readonly string[], take: (entry: LedgerEntry) => void): Promise<Result<Unread, AppError>> {
    const found = this.#collections.ledger.find({ jobId: { $in: [...ids] } });
    return eachParsed(ledgerEntrySchema, found, { noun: 'ledger entry', of: 'jobId', take });
  }

  /** Hands over the accounts of these ids that are there, in no order. @returns of each that cannot be read, why not */
  eachAccount(ids: readonly string[], take: (account: CreditAccount) => void): Promise<Result<Unread, AppError>> {
    const found = this.#collections.accounts.find({ _id: { $in: [...ids] } });
    return eachParsed(creditAccountSchema, found, { noun: 'credit account', of: '_id', take });
  }

  /** Hands over what workspaces have available, in no order; those without an account are left out. @returns of each whose account cannot be read, why not */
  eachAvailable(
    ids: readonly string[],
    take: (balance: Pick<CreditAccount, '_id' | 'available'>) => void,
  ): Promise<Result<Unread, AppError>> {
    const found = this.#collections.accounts.find({ _id: { $in: [...ids] } }).project<RawDocument>({ available: 1 });
    return eachParsed(balanceSchema, found, { noun: 'credit account', of: '_id', take });
  }

  /**
   * Of the jobs that are not at their end, whose input each has: the id of one by workspace and hash of the input. At most
   * {@link LIVE_JOBS_MAX} of them are looked at.
   */
  async liveInputs(): Promise<Result<LiveInputs, AppError>> {
    const found = await attemptCall(() =>
      this.#collections.jobs
        .find({ state: { $in: ['queued', 'running', 'validating', 'retrying'] } })
        .project({ _id: 1, workspaceId: 1, 'input.hash': 1 })
        .limit(LIVE_JOBS_MAX)
        .toArray(),
    );
    if (!found.ok) return found;
    const byInput = new Map<string, string>();
    for (const document of found.value) {
      const live = safeParse(liveInputSchema, document);
      // A document that is no job is nobody's twin.
      if (live.success) byInput.set(inputKey(live.data.workspaceId, live.data.input.hash), live.data._id);
    }
    return ok({ idOf: (workspaceId, hash) => byInput.get(inputKey(workspaceId, hash)) ?? null });
  }

  /**
   * Ids of the jobs that a filter asks for, the newest first. Error: `invalid_request` for words, which only the copy can search.
   * @param limit at most so many
   */
  async idsWhere(
    filter: JobFilter,
    { now, limit }: { readonly now: Date; readonly limit: number },
  ): Promise<Result<readonly string[], AppError>> {
    if (filter.text !== '') return err(appError('invalid_request', 'words are searched in the offline copy only'));
    const found = await attemptCall(() =>
      this.#collections.jobs
        .find(toServerFilter(filter, now))
        .project<{ _id: unknown }>({ _id: 1 })
        .sort({ createdAt: -1, _id: -1 })
        .limit(limit)
        .allowDiskUse(true)
        .toArray(),
    );
    return found.ok ? ok(found.value.flatMap(({ _id }) => (typeof _id === 'string' ? [_id] : []))) : found;
  }
}

/** Hands over what a schema reads in each document. @returns by what the documents were asked for by: why one of them cannot be read */
async function eachParsed<Value>(
  schema: z.ZodType<Value>,
  found: FindCursor<RawDocument>,
  { noun, of, take }: { readonly noun: string; readonly of: string; readonly take: (value: Value) => void },
): Promise<Result<Unread, AppError>> {
  return attemptCall(async () => {
    const unread = new Map<string, string>();
    for await (const document of found) {
      const value = safeParse(schema, document);
      if (value.success) {
        take(value.data);
        continue;
      }
      const why = `${noun} ${idTextOf(document._id)} cannot be read (${firstIssueOf(value.error)})`;
      // A list is found by each of its elements.
      for (const id of [document[of]].flat()) if (typeof id === 'string') unread.set(id, why);
    }
    return unread;
  });
}

/** A filter of the contract, without its words, as MongoDB asks it. */
function toServerFilter(filter: JobFilter, now: Date): Filter<RawDocument> {
  const wanted: Filter<RawDocument>[] = [];
  const among = (field: string, values: readonly string[]): void => {
    if (values.length > 0) wanted.push({ [field]: { $in: [...values] } });
  };
  const is = (field: string, value: string | null): void => {
    if (value !== null) wanted.push({ [field]: value });
  };
  const between = (field: string, bounds: Readonly<Record<string, number | Date | null>>): void => {
    const given = Object.entries(bounds).filter(([, bound]) => bound !== null);
    if (given.length > 0) wanted.push({ [field]: Object.fromEntries(given) });
  };
  among('state', filter.states);
  among('kind', filter.kinds);
  among('failure.class', filter.classes);
  among('failure.code', filter.codes);
  among('provider.name', filter.providers);
  among('provider.model', filter.models);
  is('workspaceId', filter.workspaceId);
  is('userId', filter.userId);
  is('failure.fingerprint', filter.fingerprint);
  between('billing.price', { $gte: filter.creditsMin, $lte: filter.creditsMax });
  between('createdAt', { $gte: toDate(filter.since, now), $lt: toDate(filter.until, now) });
  return wanted.length === 0 ? {} : { $and: wanted };
}

function toDate(moment: Moment | null, now: Date): Date | null {
  if (moment === null) return null;
  return new Date('atMs' in moment ? moment.atMs : now.getTime() - moment.agoSeconds * 1000);
}
