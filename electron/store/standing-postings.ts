import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import type { AccountBooks } from './account-books.ts';

/** How long an account keeps entries in `posting` that stand, in milliseconds, where no other write takes them off with it. */
const CLEAR_AFTER_MS = 300;

/** Waits for about that many milliseconds; passed in so that tests decide what waiting is. */
export type Wait = (delayMs: number) => Promise<void>;

/**
 * Entries that accounts still have in `posting` and that are known to stand in the ledger: taken off by the account's next write, or
 * a little later where none follows.
 */
export class StandingPostings {
  readonly #books: Pick<AccountBooks, 'clear'>;
  readonly #wait: Wait;
  readonly #onClear: (workspaceIds: Iterable<string>) => void;
  /** By workspace. */
  readonly #standing = new Map<string, Set<string>>();
  #isClearing = false;

  /** @param onClear told of the accounts of which something is about to be taken off */
  constructor(books: Pick<AccountBooks, 'clear'>, wait: Wait, onClear: (workspaceIds: Iterable<string>) => void) {
    this.#books = books;
    this.#wait = wait;
    this.#onClear = onClear;
  }

  add(entry: LedgerEntry): void {
    const keys = this.#standing.get(entry.workspaceId) ?? new Set();
    this.#standing.set(entry.workspaceId, keys.add(entry._id));
  }

  /** The account was written without them. */
  forget(workspaceId: string): void {
    this.#standing.delete(workspaceId);
  }

  /** The account as it is to be written: without what is known to stand. */
  without(account: CreditAccount): CreditAccount {
    const standing = this.#standing.get(account._id);
    if (standing === undefined) return account;
    const posting = Object.fromEntries(Object.entries(account.posting).filter(([key]) => !standing.has(key)));
    return { ...account, posting };
  }

  /**
   * Takes off what no write has taken off. What cannot be taken off now stays in `posting`, which is harmless, until a write or a
   * sweep takes it off.
   * @param isWorking whether anybody is posting: then it waits on
   */
  async clearWhenIdle(isWorking: () => boolean): Promise<void> {
    if (this.#isClearing) return;
    this.#isClearing = true;
    do await this.#wait(CLEAR_AFTER_MS);
    while (isWorking());
    const cleared = new Map([...this.#standing].map(([workspaceId, keys]) => [workspaceId, new Set(keys)]));
    this.#standing.clear();
    this.#onClear(cleared.keys());
    await this.#books.clear(cleared);
    this.#isClearing = false;
  }
}
