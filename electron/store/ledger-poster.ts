import type { Document } from 'mongodb';
import { postEntries, type PostingOutcome } from '#domain/account-posting.ts';
import { appError, type AppError } from '#domain/errors.ts';
import {
  creditAccountSchema,
  ledgerEntrySchema,
  periodOf,
  type CreditAccount,
  type LedgerEntry,
} from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';

/** How often a posting is tried anew when somebody else wrote the account in between. */
const CONFLICTS_MAX = 50;

/** The most entries that go into one write of an account. */
const TOGETHER_MAX = 500;

interface Waiting {
  readonly entries: readonly LedgerEntry[];
  readonly resolve: (result: Result<readonly PostingOutcome[], AppError>) => void;
}

/** The first who waits, and as many after it as fit into one write. */
function takeBatch(queue: Waiting[]): readonly Waiting[] {
  let size = 0;
  const over = queue.findIndex(({ entries }, index) => {
    size += entries.length;
    return index > 0 && size > TOGETHER_MAX;
  });
  return queue.splice(0, over === -1 ? queue.length : over);
}

/** What a poster asks of the closed months. */
export interface MonthGuard {
  /** The months among those of the entries that are closed. */
  closedAmong(entries: readonly LedgerEntry[]): Promise<Result<ReadonlySet<string>, AppError>>;
  /** The entries as they may be posted: one that is dated in a closed month is dated now, and says since when it was owed. */
  redated(entries: readonly LedgerEntry[]): Promise<Result<readonly LedgerEntry[], AppError>>;
}

/** Waits for about that many milliseconds; passed in so that tests decide what waiting is. */
export type Wait = (delayMs: number) => Promise<void>;

/**
 * Steps 2 and 3 of the charge protocol: entries into the account's figures, then into the ledger. Everything in it may be
 * interrupted between any two calls and repeated by anybody; an entry takes effect once.
 */
export class LedgerPoster {
  readonly #collections: Pick<Collections, 'accounts' | 'ledger'>;
  readonly #wait: Wait;
  readonly #random: () => number;
  readonly #months: MonthGuard;
  /** By workspace: who waits for the posting that is under way. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(
    collections: Pick<Collections, 'accounts' | 'ledger'>,
    options: { readonly wait: Wait; readonly random: () => number; readonly months: MonthGuard },
  ) {
    this.#collections = collections;
    this.#wait = options.wait;
    this.#random = options.random;
    this.#months = options.months;
  }

  /**
   * Posts what jobs owe: an entry must not be lost because its month was closed meanwhile, so it is dated into the present one,
   * and everything else is as in {@link post}.
   */
  async postOwed(
    workspaceId: string,
    entries: readonly LedgerEntry[],
  ): Promise<Result<readonly PostingOutcome[], AppError>> {
    const dated = await this.#months.redated(entries);
    return dated.ok ? this.post(workspaceId, dated.value) : dated;
  }

  /**
   * Posts entries of one workspace, in order. What this process posts to one account goes one after the other, and whatever
   * gathers meanwhile goes together: the account is one document, and colliding with oneself on it would only cost time.
   * An entry that is new and dated in a closed month is refused.
   * @returns what became of each entry, in order. `write_conflict` where others kept writing the account.
   */
  post(workspaceId: string, entries: readonly LedgerEntry[]): Promise<Result<readonly PostingOutcome[], AppError>> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(workspaceId);
      if (waiting !== undefined) {
        waiting.push({ entries, resolve });
        return;
      }
      const queue: Waiting[] = [{ entries, resolve }];
      this.#waiting.set(workspaceId, queue);
      void this.#work(workspaceId, queue);
    });
  }

  async #work(workspaceId: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      const posted = await this.#postSafely(
        workspaceId,
        batch.flatMap((waiting) => waiting.entries),
      );
      let from = 0;
      for (const { entries, resolve } of batch) {
        resolve(posted.ok ? ok(posted.value.slice(from, from + entries.length)) : posted);
        from += entries.length;
      }
    }
    this.#waiting.delete(workspaceId);
  }

  /** Whoever waits is always answered: what is thrown here would leave all of them, and all who come later, waiting. */
  async #postSafely(
    workspaceId: string,
    entries: readonly LedgerEntry[],
  ): Promise<Result<readonly PostingOutcome[], AppError>> {
    try {
      return await this.#postTogether(workspaceId, entries);
    } catch (cause) {
      return err(appError('internal', `posting to ${workspaceId} failed`, cause));
    }
  }

  async #postTogether(
    workspaceId: string,
    entries: readonly LedgerEntry[],
  ): Promise<Result<readonly PostingOutcome[], AppError>> {
    for (let conflicts = 0; conflicts < CONFLICTS_MAX; conflicts += 1) {
      // Full jitter, so that runners that collided once do not collide in step.
      if (conflicts > 0) await this.#wait(Math.floor(this.#random() * Math.min(250, 4 * 2 ** conflicts)));
      const read = await this.#read(workspaceId, entries);
      if (!read.ok) return read;
      const { account, standing } = read.value;
      const isKnown = ({ _id }: LedgerEntry): boolean => standing.has(_id) || Object.hasOwn(account.posting, _id);
      const closed = await this.#months.closedAmong(entries.filter((entry) => !isKnown(entry)));
      if (!closed.ok) return closed;
      const isLate = (entry: LedgerEntry): boolean => !isKnown(entry) && isDatedIn(entry, closed.value);
      const posted = postEntries(account, entries, standing, isLate);
      if (posted.account !== account) {
        const written = await this.#writeAccount(account, posted.account);
        if (!written.ok) return written;
        if (!written.value) continue;
      }
      const inserted = await this.#insert(workspaceId, posted.outcomes);
      return inserted.ok ? ok(posted.outcomes) : inserted;
    }
    return err(appError('write_conflict', `the account ${workspaceId} was written by others ${CONFLICTS_MAX} times`));
  }

  /**
   * Brings entries into the ledger that an account's figures contain and whose writer died before it could.
   * @returns how many entries were looked after
   */
  async finishPostings(account: CreditAccount): Promise<Result<number, AppError>> {
    const outcomes = Object.values(account.posting).map((entry): PostingOutcome => ({ type: 'in_posting', entry }));
    const inserted = await this.#insert(account._id, outcomes);
    return inserted.ok ? ok(outcomes.length) : inserted;
  }

  // The account first, the ledger second: see postEntries for why this order is what makes a repeat harmless.
  async #read(
    workspaceId: string,
    entries: readonly LedgerEntry[],
  ): Promise<Result<{ account: CreditAccount; standing: ReadonlyMap<string, LedgerEntry> }, AppError>> {
    const account = await attemptCall(() => this.#collections.accounts.findOne({ _id: workspaceId }));
    if (!account.ok) return account;
    const parsed = creditAccountSchema.safeParse(account.value ?? emptyAccount(workspaceId));
    if (!parsed.success) {
      return err(appError('malformed_document', `account ${workspaceId}: ${parsed.error.issues[0]?.message ?? ''}`));
    }
    const keys = entries.map((entry) => entry._id);
    const standing = await attemptCall(() => this.#collections.ledger.find({ _id: { $in: keys } }).toArray());
    if (!standing.ok) return standing;
    const byKey = new Map<string, LedgerEntry>();
    for (const document of standing.value) {
      const entry = ledgerEntrySchema.safeParse(document);
      if (!entry.success) return err(appError('malformed_document', `ledger entry ${document._id}`));
      byKey.set(entry.data._id, entry.data);
    }
    return ok({ account: parsed.data, standing: byKey });
  }

  /** @returns false where the account is no longer the one that was read */
  async #writeAccount(before: CreditAccount, after: CreditAccount): Promise<Result<boolean, AppError>> {
    const { accounts } = this.#collections;
    try {
      if (before.version === 0) {
        // A workspace's first entry creates its account; a duplicate key says that somebody else just did.
        const { _id, ...fields } = after;
        const result = await accounts.updateOne({ _id, version: 0 }, { $set: fields }, { upsert: true });
        return ok(result.matchedCount + result.upsertedCount === 1);
      }
      const result = await accounts.updateOne({ _id: before._id, version: before.version }, difference(before, after));
      return ok(result.matchedCount === 1);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
    }
  }

  async #insert(workspaceId: string, outcomes: readonly PostingOutcome[]): Promise<Result<void, AppError>> {
    const missing = outcomes.flatMap((outcome) =>
      outcome.type === 'applied' || outcome.type === 'in_posting' ? [outcome.entry] : [],
    );
    if (missing.length === 0) return ok(undefined);
    try {
      await this.#collections.ledger.insertMany(
        missing.map((entry): RawDocument => ({ ...entry })),
        { ordered: false },
      );
    } catch (cause) {
      if (!isOnlyDuplicateKeys(cause)) return err(toAppError(cause));
    }
    const unset: Document = Object.fromEntries(missing.map((entry) => [`posting.${entry._id}`, '']));
    const cleared = await attemptCall(() =>
      this.#collections.accounts.updateOne({ _id: workspaceId }, { $unset: unset }),
    );
    return cleared.ok ? ok(undefined) : cleared;
  }
}

/** True where an entry's month or its time lies in one of these months. */
export function isDatedIn(entry: Pick<LedgerEntry, 'at' | 'period'>, periods: ReadonlySet<string>): boolean {
  return periods.size > 0 && (periods.has(entry.period) || periods.has(periodOf(entry.at)));
}

function emptyAccount(workspaceId: string): CreditAccount {
  return { _id: workspaceId, available: 0, held: 0, holds: {}, posting: {}, version: 0 };
}

/** The update that makes one account the other, naming only the holds and postings that differ. */
function difference(before: CreditAccount, after: CreditAccount): Document {
  const set: Document = { available: after.available, held: after.held, version: after.version };
  const unset: Document = {};
  for (const field of ['holds', 'posting'] as const) {
    for (const [key, value] of Object.entries(after[field])) {
      if (!Object.hasOwn(before[field], key) || before[field][key] !== value) set[`${field}.${key}`] = value;
    }
    for (const key of Object.keys(before[field])) {
      if (!Object.hasOwn(after[field], key)) unset[`${field}.${key}`] = '';
    }
  }
  return Object.keys(unset).length === 0 ? { $set: set } : { $set: set, $unset: unset };
}
