import type { PostingOutcome } from '#domain/account-posting.ts';
import { statusOfFigures } from '#domain/charge.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { parseJob } from '#domain/job.ts';
import { creditAccountSchema, ledgerEntrySchema, type LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import { parsed, parsedEach } from './parsed.ts';
import { postOwed, takeOff } from './settlement.ts';

/** How often figures are taken from the ledger anew when the job moves meanwhile. */
const ALIGN_TRIES_MAX = 5;

/** Brings the entries of mends into accounts and ledger, by the charge protocol. */
export class MendLedger {
  readonly #collections: Collections;
  readonly #poster: LedgerPoster;

  constructor(collections: Collections, poster: LedgerPoster) {
    this.#collections = collections;
    this.#poster = poster;
  }

  /** The entries of these keys that stand. */
  readEntries(keys: readonly string[]): Promise<Result<readonly LedgerEntry[], AppError>> {
    return this.#find(() => this.#collections.ledger.find({ _id: { $in: [...keys] } }).toArray());
  }

  /** The entries whose keys begin with this owner: those of mends of a whole workspace. */
  readEntriesOfOwner(owner: string): Promise<Result<readonly LedgerEntry[], AppError>> {
    // A semicolon is the sign behind the colon: all keys `owner:…` lie between the two.
    return this.#find(() => this.#collections.ledger.find({ _id: { $gte: `${owner}:`, $lt: `${owner};` } }).toArray());
  }

  /** Posts entries of one workspace by the charge protocol. Errors: those of posting; a refused entry with its code. */
  async post(workspaceId: string, entries: readonly LedgerEntry[]): Promise<Result<void, AppError>> {
    const posted = await this.#poster.post(workspaceId, entries);
    if (!posted.ok) return posted;
    const refused = posted.value.find((outcome) => outcome.type === 'refused');
    return refused === undefined ? ok(undefined) : err(refusalOf(refused));
  }

  /**
   * Inserts entries that explain what the account already contains; they move no figure.
   * Error: `key_reused` where another entry stands under a key.
   */
  async explain(entries: readonly LedgerEntry[]): Promise<Result<void, AppError>> {
    try {
      await this.#collections.ledger.insertMany(entries.map((entry): RawDocument => ({ ...entry })));
      return ok(undefined);
    } catch (cause) {
      if (!isOnlyDuplicateKeys(cause)) return err(toAppError(cause));
    }
    const standing = await this.readEntries(entries.map(({ _id }) => _id));
    if (!standing.ok) return standing;
    const credits = new Map(standing.value.map((entry) => [entry._id, entry.credits]));
    const other = entries.find((entry) => credits.get(entry._id) !== entry.credits);
    return other === undefined ? ok(undefined) : err(appError('key_reused', other._id));
  }

  /**
   * Drives the charge protocol once more: for a job what it owes, without one what its account is still posting. Errors: those of posting; an
   * entry that the account refuses, and that the job so still owes, with its code.
   */
  async settle(workspaceId: string, jobId: string | null): Promise<Result<void, AppError>> {
    if (jobId !== null) return this.#settleJob(jobId);
    const found = await attemptCall(() => this.#collections.accounts.findOne({ _id: workspaceId }));
    if (!found.ok) return found;
    const account = parsed(creditAccountSchema, found.value, `account ${workspaceId}`);
    if (!account.ok) return account;
    const finished = await this.#poster.finishPostings(account.value);
    return finished.ok ? ok(undefined) : finished;
  }

  async #settleJob(jobId: string): Promise<Result<void, AppError>> {
    const owed = await postOwed(this.#collections, this.#poster, [jobId]);
    if (!owed.ok) return owed;
    const { posted, error, ownError } = owed.value;
    const taken = await takeOff(this.#collections, posted);
    if (!taken.ok) return taken;
    const [refused] = posted.flatMap(({ outcome }) => (outcome.type === 'refused' ? [refusalOf(outcome)] : []));
    const cause = error ?? ownError ?? refused;
    return cause === undefined ? ok(undefined) : err(cause);
  }

  /**
   * Makes the figures of a job those of its generation's entries, where nothing is on its way: a mend moves the ledger, and a job
   * that says something else would count as unproved for ever. A document that is no job is left alone.
   */
  async alignFigures(jobId: string): Promise<Result<void, AppError>> {
    for (let tries = 0; tries < ALIGN_TRIES_MAX; tries += 1) {
      const found = await attemptCall(() => this.#collections.jobs.findOne({ _id: jobId }));
      if (!found.ok) return found;
      const job = found.value === null ? null : parseJob(found.value);
      if (job === null || !job.ok || job.value.billing.pending.length > 0) return ok(undefined);
      const { billing, version } = job.value;
      const entries = await this.#find(() =>
        this.#collections.ledger.find({ generationId: billing.generationId }).toArray(),
      );
      if (!entries.ok) return entries;
      const sum = (type: LedgerEntry['type']): number =>
        entries.value.reduce((total, entry) => (entry.type === type ? total + entry.credits : total), 0);
      const [captured, refunded] = [sum('capture'), sum('refund')];
      const reserved = Math.max(0, sum('reserve') - captured - sum('release'));
      const status = statusOfFigures({ reserved, captured, refunded });
      const isSame =
        billing.reserved === reserved &&
        billing.captured === captured &&
        billing.refunded === refunded &&
        billing.status === status;
      if (isSame) return ok(undefined);
      const figures = {
        'billing.reserved': reserved,
        'billing.captured': captured,
        'billing.refunded': refunded,
        'billing.status': status,
      };
      const written = await attemptCall(() =>
        this.#collections.jobs.updateOne({ _id: jobId, version, 'billing.generationId': billing.generationId }, [
          { $set: { ...figures, version: { $add: ['$version', 1] }, updatedAt: '$$NOW' } },
        ]),
      );
      if (!written.ok) return written;
      if (written.value.matchedCount === 1) return ok(undefined);
    }
    return err(appError('write_conflict', `the job ${jobId} moved ${ALIGN_TRIES_MAX} times`));
  }

  async #find(read: () => Promise<readonly RawDocument[]>): Promise<Result<readonly LedgerEntry[], AppError>> {
    const found = await attemptCall(read);
    return found.ok ? parsedEach(ledgerEntrySchema, found.value, 'credit_ledger') : found;
  }
}

function refusalOf(refused: Extract<PostingOutcome, { type: 'refused' }>): AppError {
  return appError(refused.code, refused.entry._id);
}
