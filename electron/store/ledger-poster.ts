import { postEntries, type PostingOutcome } from '#domain/account-posting.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { periodOf, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { AccountBooks, missingOf, type AccountChange } from './account-books.ts';
import type { Collections } from './collections.ts';
import { answerAll, hand, isRefusedIn, PostingQueue, type Posted, type Waiting } from './posting-queue.ts';
import { RecentAccounts } from './recent-accounts.ts';
import { StandingPostings, type Wait } from './standing-postings.ts';

/** How often a posting is tried anew when somebody else wrote the account in between. */
const CONFLICTS_MAX = 50;

/** What a poster asks of the closed months. */
export interface MonthGuard {
  /** The months among those of the entries that are closed. */
  closedAmong(entries: readonly LedgerEntry[]): Promise<Result<ReadonlySet<string>, AppError>>;
  /** The entries as they may be posted: one that is dated in a closed month is dated now, and says since when it was owed. */
  redated(entries: readonly LedgerEntry[]): Promise<Result<readonly LedgerEntry[], AppError>>;
}

/** What becomes of the entries of one workspace, and of its account. */
interface Decided {
  readonly workspaceId: string;
  readonly outcomes: Posted;
  readonly change: AccountChange | null;
}

function isRefusal(outcome: PostingOutcome): boolean {
  return outcome.type === 'refused';
}

/**
 * Steps 2 and 3 of the charge protocol: entries into the accounts' figures, then into the ledger. Everything in it may be
 * interrupted between any two calls and repeated by anybody; an entry takes effect once.
 */
export class LedgerPoster {
  readonly #books: AccountBooks;
  readonly #wait: Wait;
  readonly #random: () => number;
  readonly #months: MonthGuard;
  readonly #queue = new PostingQueue();
  readonly #recent = new RecentAccounts();
  readonly #standing: StandingPostings;
  #isWorking = false;

  constructor(
    collections: Pick<Collections, 'accounts' | 'ledger'>,
    options: { readonly wait: Wait; readonly random: () => number; readonly months: MonthGuard },
  ) {
    this.#books = new AccountBooks(collections);
    this.#wait = options.wait;
    this.#standing = new StandingPostings(this.#books, options.wait, (ids) => this.#recent.forget(ids));
    this.#random = options.random;
    this.#months = options.months;
  }

  /**
   * Posts what jobs owe: an entry must not be lost because its month was closed meanwhile, so it is dated into the present one,
   * and everything else is as in {@link post}.
   */
  postOwed(workspaceId: string, entries: readonly LedgerEntry[]): Promise<Posted> {
    return this.#put(workspaceId, entries, true);
  }

  /**
   * Posts entries of one workspace, in order. One posting of this process is under way at a time, and whatever gathers
   * meanwhile, for any account, goes together: an account is one document, colliding with oneself on it would only cost time,
   * and accounts share their round trips. An entry that is new and dated in a closed month is refused.
   * @returns what became of each entry, in order. `write_conflict` where others kept writing the account.
   */
  post(workspaceId: string, entries: readonly LedgerEntry[]): Promise<Posted> {
    return this.#put(workspaceId, entries, false);
  }

  #put(workspaceId: string, entries: readonly LedgerEntry[], isOwed: boolean): Promise<Posted> {
    return new Promise((resolve) => {
      this.#queue.put({ workspaceId, entries, isOwed, resolve, conflicts: 0 });
      if (!this.#isWorking) void this.#work();
    });
  }

  /**
   * Brings entries into the ledger that an account's figures contain and whose writer died before it could. Errors: those of writing;
   * `server_error` of the first that the ledger refuses, which the account so goes on posting.
   * @returns how many entries were looked after
   */
  async finishPostings(account: CreditAccount): Promise<Result<number, AppError>> {
    const entries = Object.values(account.posting);
    const inserted = await this.#books.insert(entries.map((entry): PostingOutcome => ({ type: 'in_posting', entry })));
    if (!inserted.ok) return inserted;
    const standing = entries.map((entry) => entry._id).filter((key) => !inserted.value.has(key));
    const cleared = await this.#books.clear(new Map([[account._id, new Set(standing)]]));
    if (!cleared.ok) return cleared;
    const [refusal] = inserted.value.values();
    return refusal === undefined ? ok(entries.length) : err(refusal);
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    // What is handed in during the same turn goes together.
    await Promise.resolve();
    while (!this.#queue.isEmpty) {
      const batch = this.#queue.takeBatch();
      const answers = await this.#postSafely(batch);
      this.#queue.putBack(batch.filter((waiting) => !answers.has(waiting)));
      for (const [waiting, answer] of answers) waiting.resolve(answer);
    }
    this.#isWorking = false;
    void this.#standing.clearWhenIdle(() => this.#isWorking);
  }

  /** Whoever waits is always answered: what is thrown here would leave all of them, and all who come later, waiting. */
  async #postSafely(batch: readonly Waiting[]): Promise<ReadonlyMap<Waiting, Posted>> {
    try {
      return await this.#postTogether(batch);
    } catch (cause) {
      return answerAll(batch, err(appError('internal', 'posting failed', cause)));
    }
  }

  /** @returns the answer of everybody who is done; who is not in it is to be tried again */
  async #postTogether(batch: readonly Waiting[]): Promise<ReadonlyMap<Waiting, Posted>> {
    const conflicts = Math.max(...batch.map((waiting) => waiting.conflicts));
    // Full jitter, so that runners that collided once do not collide in step.
    if (conflicts > 0) await this.#wait(Math.floor(this.#random() * Math.min(250, 4 * 2 ** conflicts)));
    const byWorkspace = Map.groupBy(batch, (waiting) => waiting.workspaceId);
    const dated = await this.#datedEntries(batch);
    if (!dated.ok) return answerAll(batch, dated);
    const entriesOf = new Map(
      [...byWorkspace].map(([id, waiting]) => [id, waiting.flatMap((one) => dated.value.get(one) ?? [])]),
    );
    const recent = this.#recent.take(entriesOf.keys());
    let decision = await this.#decide(entriesOf, recent);
    // Nobody is refused for what an account was some time ago.
    const isRefused =
      decision.ok && decision.value.some(({ outcomes }) => outcomes.ok && outcomes.value.some(isRefusal));
    if (isRefused && recent.size > 0) {
      recent.clear();
      decision = await this.#decide(entriesOf, recent);
    }
    if (!decision.ok) return answerAll(batch, decision);
    const decided = decision.value;
    const changes = decided.flatMap(({ change }) => change ?? []);
    const written = await this.#books.write(changes);
    if (!written.ok) return answerAll(batch, written);
    const { areAll, refused } = written.value;
    if (!areAll) this.#recent.noteShared(recent.keys());
    if (areAll) for (const { after } of changes) this.#noteWritten(after);
    // Where somebody else wrote one of the accounts, nobody says which: all that were to be written are read again.
    const certain = decided.filter(({ change }) => change === null || areAll);
    const inserted = await this.#insert(certain.flatMap(({ outcomes }) => (outcomes.ok ? outcomes.value : [])));
    if (!inserted.ok) return answerAll(batch, inserted);
    const answers = new Map<Waiting, Posted>();
    for (const [workspaceId, error] of refused) hand(byWorkspace.get(workspaceId) ?? [], err(error), answers);
    for (const { workspaceId, outcomes } of certain) {
      const answer = isRefusedIn(outcomes, inserted.value) ?? outcomes;
      hand(byWorkspace.get(workspaceId) ?? [], answer, answers);
    }
    for (const waiting of batch.filter((one) => !answers.has(one))) {
      waiting.conflicts += 1;
      if (waiting.conflicts < CONFLICTS_MAX) continue;
      const detail = `the account ${waiting.workspaceId} was written by others ${CONFLICTS_MAX} times`;
      answers.set(waiting, err(appError('write_conflict', detail)));
    }
    return answers;
  }

  /** What becomes of the entries, and of the accounts. @param known accounts that need not be read */
  async #decide(
    entriesOf: ReadonlyMap<string, readonly LedgerEntry[]>,
    known: ReadonlyMap<string, CreditAccount>,
  ): Promise<Result<readonly Decided[], AppError>> {
    const read = await this.#books.read(entriesOf, known);
    if (!read.ok) return read;
    const isKnown = ({ _id, workspaceId }: LedgerEntry): boolean => {
      const account = read.value.accounts.get(workspaceId);
      return read.value.standing.has(_id) || (account?.ok === true && Object.hasOwn(account.value.posting, _id));
    };
    const closed = await this.#months.closedAmong([...entriesOf.values()].flat().filter((entry) => !isKnown(entry)));
    if (!closed.ok) return closed;
    const isLate = (entry: LedgerEntry): boolean => !isKnown(entry) && isDatedIn(entry, closed.value);
    return ok(
      [...entriesOf].map(([workspaceId, entries]): Decided => {
        const account = read.value.accounts.get(workspaceId) ?? err(appError('internal', workspaceId));
        if (!account.ok) return { workspaceId, outcomes: account, change: null };
        const posted = postEntries(this.#standing.without(account.value), entries, read.value.standing, isLate);
        const isChanged = posted.outcomes.some((outcome) => outcome.type === 'applied');
        const change: AccountChange | null = isChanged ? { before: account.value, after: posted.account } : null;
        return { workspaceId, outcomes: ok(posted.outcomes), change };
      }),
    );
  }

  #noteWritten(account: CreditAccount): void {
    this.#standing.forget(account._id);
    this.#recent.keep(account);
  }

  /** Everybody's entries as they may be posted, in their order. */
  async #datedEntries(
    batch: readonly Waiting[],
  ): Promise<Result<ReadonlyMap<Waiting, readonly LedgerEntry[]>, AppError>> {
    const owed = batch.filter((waiting) => waiting.isOwed);
    const redated = owed.length === 0 ? ok([]) : await this.#months.redated(owed.flatMap((waiting) => waiting.entries));
    if (!redated.ok) return redated;
    let from = 0;
    return ok(
      new Map(
        batch.map((waiting) => {
          if (!waiting.isOwed) return [waiting, waiting.entries];
          const entries = redated.value.slice(from, from + waiting.entries.length);
          from += waiting.entries.length;
          return [waiting, entries];
        }),
      ),
    );
  }

  async #insert(outcomes: readonly PostingOutcome[]): Promise<Result<ReadonlyMap<string, AppError>, AppError>> {
    const inserted = await this.#books.insert(outcomes);
    if (!inserted.ok) return inserted;
    for (const entry of missingOf(outcomes)) {
      if (inserted.value.has(entry._id)) continue;
      this.#standing.add(entry);
    }
    return inserted;
  }
}

/** True where an entry's month or its time lies in one of these months. */
export function isDatedIn(entry: Pick<LedgerEntry, 'at' | 'period'>, periods: ReadonlySet<string>): boolean {
  return periods.size > 0 && (periods.has(entry.period) || periods.has(periodOf(entry.at)));
}
