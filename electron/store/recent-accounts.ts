import type { CreditAccount } from '#domain/ledger.ts';

/** Of so many accounts it is remembered how they were written last. */
const ACCOUNTS_MAX = 1000;
/** An account that somebody else turned out to write too is read for so many postings before it is remembered again. */
const READ_WHEN_SHARED = 32;

/**
 * Accounts as this process wrote them last, which need not be read again where nobody else writes them. Whoever posts to one holds its
 * version against the server's in the write itself, and reads the ledger after it has taken the account from here, so that an old one
 * is refused as one is that was read too early.
 */
export class RecentAccounts {
  readonly #written = new Map<string, CreditAccount>();
  readonly #shared = new Map<string, number>();

  /** Those of the accounts that are remembered; they are forgotten here until they are kept again. */
  take(workspaceIds: Iterable<string>): Map<string, CreditAccount> {
    const taken = new Map<string, CreditAccount>();
    for (const id of workspaceIds) {
      const account = this.#written.get(id);
      if (account !== undefined) taken.set(id, account);
      this.#written.delete(id);
    }
    return taken;
  }

  /** An account as the server has it now. */
  keep(account: CreditAccount): void {
    const left = this.#shared.get(account._id) ?? 0;
    if (left > 0) {
      this.#shared.set(account._id, left - 1);
      return;
    }
    this.#shared.delete(account._id);
    if (this.#written.size >= ACCOUNTS_MAX) this.#written.clear();
    this.#written.set(account._id, account);
  }

  /** What was taken of these was not what the server had: others write them too. */
  noteShared(workspaceIds: Iterable<string>): void {
    if (this.#shared.size >= ACCOUNTS_MAX) this.#shared.clear();
    for (const id of workspaceIds) this.#shared.set(id, READ_WHEN_SHARED);
  }

  /** Something was written to these that does not show in their version. */
  forget(workspaceIds: Iterable<string>): void {
    for (const id of workspaceIds) this.#written.delete(id);
  }
}
