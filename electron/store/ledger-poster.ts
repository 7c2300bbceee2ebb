import { postEntries, type PostingOutcome } from '#domain/account-posting.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { periodOf, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { AccountBooks, missingOf, type AccountChange } from './account-books.ts';
import type { Collections } from './collections.ts';

/** How often a posting is tried anew when somebody else wrote the account in between. */
const CONFLICTS_MAX = 50;

/** The most entries of one workspace, and of all, that go together. */
const TOGETHER_MAX = 500;

type Posted = Result<readonly PostingOutcome[], AppError>;

interface Waiting {
  readonly workspaceId: string;
  readonly entries: readonly LedgerEntry[];
  /** Owed by a job: dated anew where its month is closed. */
  readonly isOwed: boolean;
  readonly resolve: (result: Posted) => void;
  /** How often its account was written by others in between. */
  conflicts: number;
}

/** What a poster asks of the closed months. */
export interface MonthGuard {
  /** The months among those of the entries that are closed. */
  closedAmong(entries: readonly LedgerEntry[]): Promise<Result<ReadonlySet<string>, AppError>>;
  /** The entries as they may be posted: one that is dated in a closed month is dated now, and says since when it was owed. */
  redated(entries: readonly LedgerEntry[]): Promise<Result<readonly LedgerEntry[], AppError>>;
}

/** How long an account keeps entries in `posting` that stand, in milliseconds, where no other write takes them off with it. */
const CLEAR_AFTER_MS = 100;

/** Waits for about that many milliseconds; passed in so that tests decide what waiting is. */
export type Wait = (delayMs: number) => Promise<void>;

/**
 * Steps 2 and 3 of the charge protocol: entries into the accounts' figures, then into the ledger. Everything in it may be
 * interrupted between any two calls and repeated by anybody; an entry takes effect once.
 */
export class LedgerPoster {
  readonly #books: AccountBooks;
  readonly #wait: Wait;
  readonly #random: () => number;
  readonly #months: MonthGuard;
  #waiting: Waiting[] = [];
  #isWorking = false;
  /** By workspace: entries of `posting` that are known to stand in the ledger; taken off by the account's next write. */
  readonly #standing = new Map<string, Set<string>>();
  #isClearing = false;

  constructor(
    collections: Pick<Collections, 'accounts' | 'ledger'>,
    options: { readonly wait: Wait; readonly random: () => number; readonly months: MonthGuard },
  ) {
    this.#books = new AccountBooks(collections);
    this.#wait = options.wait;
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
      this.#waiting.push({ workspaceId, entries, isOwed, resolve, conflicts: 0 });
      if (!this.#isWorking) void this.#work();
    });
  }

  /**
   * Brings entries into the ledger that an account's figures contain and whose writer died before it could.
   * @returns how many entries were looked after
   */
  async finishPostings(account: CreditAccount): Promise<Result<number, AppError>> {
    const entries = Object.values(account.posting);
    const inserted = await this.#books.insert(entries.map((entry): PostingOutcome => ({ type: 'in_posting', entry })));
    if (!inserted.ok) return inserted;
    const standing = entries.map((entry) => entry._id).filter((key) => !inserted.value.has(key));
    const cleared = await this.#books.clear(new Map([[account._id, new Set(standing)]]));
    return cleared.ok ? ok(entries.length) : cleared;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    // What is handed in during the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const answers = await this.#postSafely(batch);
      // Those who are to be tried again stay before all that came later, or a release could overtake its reservation.
      this.#waiting.unshift(...batch.filter((waiting) => !answers.has(waiting)));
      for (const [waiting, answer] of answers) waiting.resolve(answer);
    }
    this.#isWorking = false;
    if (!this.#isClearing) void this.#clearWhenIdle();
  }

  /** Those who waited longest, as many as fit, each workspace's entries in the order in which they came. */
  #takeBatch(): readonly Waiting[] {
    let size = 0;
    const over = this.#waiting.findIndex(({ entries }, index) => {
      size += entries.length;
      return index > 0 && size > TOGETHER_MAX;
    });
    return this.#waiting.splice(0, over === -1 ? this.#waiting.length : over);
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
    const read = await this.#books.read(entriesOf);
    if (!read.ok) return answerAll(batch, read);
    const isKnown = ({ _id, workspaceId }: LedgerEntry): boolean => {
      const account = read.value.accounts.get(workspaceId);
      return read.value.standing.has(_id) || (account?.ok === true && Object.hasOwn(account.value.posting, _id));
    };
    const closed = await this.#months.closedAmong([...entriesOf.values()].flat().filter((entry) => !isKnown(entry)));
    if (!closed.ok) return answerAll(batch, closed);
    const isLate = (entry: LedgerEntry): boolean => !isKnown(entry) && isDatedIn(entry, closed.value);
    const decided = [...entriesOf].map(([workspaceId, entries]) => {
      const account = read.value.accounts.get(workspaceId) ?? err(appError('internal', workspaceId));
      if (!account.ok) return { workspaceId, outcomes: account, change: null };
      const posted = postEntries(this.#withoutStanding(account.value), entries, read.value.standing, isLate);
      const isChanged = posted.outcomes.some((outcome) => outcome.type === 'applied');
      const change: AccountChange | null = isChanged ? { before: account.value, after: posted.account } : null;
      return { workspaceId, outcomes: ok(posted.outcomes), change };
    });
    const changes = decided.flatMap(({ change }) => change ?? []);
    const written = await this.#books.write(changes);
    if (!written.ok) return answerAll(batch, written);
    const { areAll, refused } = written.value;
    if (areAll) for (const { after } of changes) this.#standing.delete(after._id);
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
      const keys = this.#standing.get(entry.workspaceId) ?? new Set();
      this.#standing.set(entry.workspaceId, keys.add(entry._id));
    }
    return inserted;
  }

  #withoutStanding(account: CreditAccount): CreditAccount {
    const standing = this.#standing.get(account._id);
    if (standing === undefined) return account;
    const posting = Object.fromEntries(Object.entries(account.posting).filter(([key]) => !standing.has(key)));
    return { ...account, posting };
  }

  /** What cannot be taken off now stays in `posting`, which is harmless, until a write or a sweep takes it off. */
  async #clearWhenIdle(): Promise<void> {
    this.#isClearing = true;
    do await this.#wait(CLEAR_AFTER_MS);
    while (this.#isWorking);
    const cleared = new Map([...this.#standing].map(([workspaceId, keys]) => [workspaceId, new Set(keys)]));
    this.#standing.clear();
    await this.#books.clear(cleared);
    this.#isClearing = false;
  }
}

/** True where an entry's month or its time lies in one of these months. */
export function isDatedIn(entry: Pick<LedgerEntry, 'at' | 'period'>, periods: ReadonlySet<string>): boolean {
  return periods.size > 0 && (periods.has(entry.period) || periods.has(periodOf(entry.at)));
}

function answerAll(batch: readonly Waiting[], answer: Posted | Result<never, AppError>): ReadonlyMap<Waiting, Posted> {
  return new Map(batch.map((waiting) => [waiting, answer]));
}

function isRefusedIn(outcomes: Posted, refused: ReadonlyMap<string, AppError>): Posted | null {
  if (!outcomes.ok || refused.size === 0) return null;
  const key = outcomes.value.find((outcome) => refused.has(outcome.entry._id))?.entry._id;
  const error = key === undefined ? undefined : refused.get(key);
  return error === undefined ? null : err(error);
}

/** Gives everybody who waits for one workspace the outcomes of their own entries. */
function hand(waiting: readonly Waiting[], answer: Posted, answers: Map<Waiting, Posted>): void {
  let from = 0;
  for (const one of waiting) {
    answers.set(one, answer.ok ? ok(answer.value.slice(from, from + one.entries.length)) : answer);
    from += one.entries.length;
  }
}
