import type { PostingOutcome } from '#domain/account-posting.ts';
import type { AppError } from '#domain/errors.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** The most entries of one workspace, and of all, that go together. */
const TOGETHER_MAX = 500;

/** What became of each entry of a posting, in order. */
export type Posted = Result<readonly PostingOutcome[], AppError>;

/** A posting that somebody waits for. */
export interface Waiting {
  readonly workspaceId: string;
  readonly entries: readonly LedgerEntry[];
  /** Owed by a job: dated anew where its month is closed. */
  readonly isOwed: boolean;
  readonly resolve: (result: Posted) => void;
  /** How often its account was written by others in between. */
  conflicts: number;
}

/** Postings in the order in which they came, of which as many as fit go together. */
export class PostingQueue {
  readonly #waiting: Waiting[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  put(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Those who are to be tried again stay before all that came later, or a release could overtake its reservation. */
  putBack(waiting: readonly Waiting[]): void {
    this.#waiting.unshift(...waiting);
  }

  /** Those who waited longest, as many as fit, each workspace's entries in the order in which they came. */
  takeBatch(): readonly Waiting[] {
    let size = 0;
    const over = this.#waiting.findIndex(({ entries }, index) => {
      size += entries.length;
      return index > 0 && size > TOGETHER_MAX;
    });
    return this.#waiting.splice(0, over === -1 ? this.#waiting.length : over);
  }
}

/** The same answer for all of them. */
export function answerAll(
  batch: readonly Waiting[],
  answer: Posted | Result<never, AppError>,
): ReadonlyMap<Waiting, Posted> {
  return new Map(batch.map((waiting) => [waiting, answer]));
}

/** The error of the first entry that the ledger refused; null where it refused none. */
export function isRefusedIn(outcomes: Posted, refused: ReadonlyMap<string, AppError>): Posted | null {
  if (!outcomes.ok || refused.size === 0) return null;
  const key = outcomes.value.find((outcome) => refused.has(outcome.entry._id))?.entry._id;
  const error = key === undefined ? undefined : refused.get(key);
  return error === undefined ? null : err(error);
}

/** Gives everybody who waits for one workspace the outcomes of their own entries. */
export function hand(waiting: readonly Waiting[], answer: Posted, answers: Map<Waiting, Posted>): void {
  let from = 0;
  for (const one of waiting) {
    answers.set(one, answer.ok ? ok(answer.value.slice(from, from + one.entries.length)) : answer);
    from += one.entries.length;
  }
}
