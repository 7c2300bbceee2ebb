import type { AnyBulkWriteOperation, Document } from 'mongodb';
import type { PostingOutcome } from '#domain/account-posting.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { creditAccountSchema, ledgerEntrySchema, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall, refusalsOf } from './driver-errors.ts';
import { parsed } from './parsed.ts';

/** An account before and after entries were posted to it. */
export interface AccountChange {
  readonly before: CreditAccount;
  readonly after: CreditAccount;
}

/** What was read before a posting is decided. */
export interface ReadBooks {
  /** By workspace; an error where the account, or an entry that is wanted of it, cannot be read. */
  readonly accounts: ReadonlyMap<string, Result<CreditAccount, AppError>>;
  /** The wanted entries that stand in the ledger, by key. */
  readonly standing: ReadonlyMap<string, LedgerEntry>;
}

/** What became of a write of many accounts. */
export interface WrittenAccounts {
  readonly areAll: boolean;
  /** By workspace: what the server has against its account. */
  readonly refused: ReadonlyMap<string, AppError>;
}

/**
 * Accounts and ledger as they are read and written for a posting, many accounts in each round trip. What must come before
 * what is the poster's to say.
 */
export class AccountBooks {
  readonly #collections: Pick<Collections, 'accounts' | 'ledger'>;

  constructor(collections: Pick<Collections, 'accounts' | 'ledger'>) {
    this.#collections = collections;
  }

  /**
   * The accounts first, the ledger second: see postEntries for why this order is what makes a repeat harmless.
   * @param known accounts that were read or written earlier, which are not read again
   */
  async read(
    entriesOf: ReadonlyMap<string, readonly LedgerEntry[]>,
    known: ReadonlyMap<string, CreditAccount> = new Map(),
  ): Promise<Result<ReadBooks, AppError>> {
    const found = await this.#readAccounts([...entriesOf.keys()].filter((id) => !known.has(id)));
    if (!found.ok) return found;
    const keys = [...entriesOf.values()].flat().map((entry) => entry._id);
    const entries = await attemptCall(() => this.#collections.ledger.find({ _id: { $in: keys } }).toArray());
    if (!entries.ok) return entries;
    const byKey = new Map<string, LedgerEntry>();
    const malformed = new Set<string>();
    for (const document of entries.value) {
      const entry = safeParse(ledgerEntrySchema, document);
      if (!entry.success) malformed.add(document._id);
      else byKey.set(entry.data._id, entry.data);
    }
    const documents = new Map(found.value.map((document) => [document._id, document]));
    const accounts = new Map<string, Result<CreditAccount, AppError>>();
    for (const [workspaceId, wanted] of entriesOf) {
      const bad = wanted.find((entry) => malformed.has(entry._id));
      const given = known.get(workspaceId);
      const account = given === undefined ? parseAccount(workspaceId, documents.get(workspaceId)) : ok(given);
      const problem = bad === undefined ? account : err(appError('malformed_document', `ledger entry ${bad._id}`));
      accounts.set(workspaceId, problem);
    }
    return ok({ accounts, standing: byKey });
  }

  async #readAccounts(workspaceIds: readonly string[]): Promise<Result<readonly RawDocument[], AppError>> {
    if (workspaceIds.length === 0) return ok([]);
    return attemptCall(() => this.#collections.accounts.find({ _id: { $in: workspaceIds } }).toArray());
  }

  /**
   * Writes accounts that still are what was read, all in one round trip.
   * @returns whether every one was written; where not, nobody is told which, and each is to be read again but those that the
   *   server refuses for a reason of their own
   */
  async write(changes: readonly AccountChange[]): Promise<Result<WrittenAccounts, AppError>> {
    if (changes.length === 0) return ok({ areAll: true, refused: new Map() });
    const operations = changes.map(({ before, after }) => writeOperation(before, after));
    try {
      const result = await this.#collections.accounts.bulkWrite(operations, { ordered: false });
      const written = result.matchedCount + result.upsertedCount;
      return ok({ areAll: written === changes.length, refused: new Map() });
    } catch (cause) {
      // A workspace's first entry creates its account; a duplicate key says that somebody else just did.
      const refused = refusalsOf(
        cause,
        changes.map(({ before }) => before._id),
      );
      return refused.ok ? ok({ areAll: false, refused: refused.value }) : refused;
    }
  }

  /**
   * Inserts entries that accounts already contain; one that stands is left as it is.
   * @returns the keys of those that the server refuses for a reason of their own; every other one stands
   */
  async insert(outcomes: readonly PostingOutcome[]): Promise<Result<ReadonlyMap<string, AppError>, AppError>> {
    const missing = missingOf(outcomes);
    if (missing.length === 0) return ok(new Map());
    try {
      await this.#collections.ledger.insertMany(
        missing.map((entry): RawDocument => ({ ...entry })),
        { ordered: false },
      );
      return ok(new Map());
    } catch (cause) {
      return refusalsOf(
        cause,
        missing.map((entry) => entry._id),
      );
    }
  }

  /** Takes entries that stand in the ledger off what their accounts are posting. */
  async clear(keysOf: ReadonlyMap<string, ReadonlySet<string>>): Promise<Result<void, AppError>> {
    const operations = [...keysOf]
      .filter(([, keys]) => keys.size > 0)
      .map(([_id, keys]): AnyBulkWriteOperation<RawDocument> => {
        const $unset: Document = Object.fromEntries([...keys].map((key) => [`posting.${key}`, '']));
        return { updateOne: { filter: { _id }, update: { $unset } } };
      });
    if (operations.length === 0) return ok(undefined);
    const cleared = await attemptCall(() => this.#collections.accounts.bulkWrite(operations, { ordered: false }));
    return cleared.ok ? ok(undefined) : cleared;
  }
}

/** The entries that an account contains and the ledger may not. */
export function missingOf(outcomes: readonly PostingOutcome[]): readonly LedgerEntry[] {
  return outcomes.flatMap((outcome) =>
    outcome.type === 'applied' || outcome.type === 'in_posting' ? [outcome.entry] : [],
  );
}

function parseAccount(workspaceId: string, document: RawDocument | undefined): Result<CreditAccount, AppError> {
  return parsed(creditAccountSchema, document ?? emptyAccount(workspaceId), `account ${workspaceId}`);
}

function emptyAccount(workspaceId: string): CreditAccount {
  return { _id: workspaceId, available: 0, held: 0, holds: {}, posting: {}, version: 0 };
}

function writeOperation(before: CreditAccount, after: CreditAccount): AnyBulkWriteOperation<RawDocument> {
  if (before.version === 0) {
    const { _id, ...fields } = after;
    return { updateOne: { filter: { _id, version: 0 }, update: { $set: fields }, upsert: true } };
  }
  return {
    updateOne: { filter: { _id: before._id, version: before.version }, update: difference(before, after) },
  };
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
