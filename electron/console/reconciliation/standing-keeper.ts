import type { LogPosition } from '#cache/book-log.ts';
import type { CacheBooks } from '#cache/books.ts';
import { sha256OfText } from '#cache/sha256.ts';
import type { AppError } from '#domain/errors.ts';
import type { ChargeRule } from '#domain/reconciliation/facts.ts';
import { RULES, RULES_VERSION } from '#domain/reconciliation/rules.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { sizeOfChanges, type BookChanges } from '#domain/reconciliation/standing/book-changes.ts';
import { judgeAll, judgeChanges, renewView } from '#domain/reconciliation/standing/judge.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { ok, type Result } from '#domain/result.ts';
import { BlockKeeper, emptyView } from './blocks/block-keeper.ts';
import { readChanges } from './changed-books.ts';
import { bookSourceOf } from './copied-books.ts';
import type { JudgedBooks, RunRules } from './judged-books.ts';
import { openAllSeen, openSeen, saveRecent, saveSeen, setSeenAside, type KeptSeen } from './memory-folder.ts';
import { readView, type ReconciliationProgress } from './read-view.ts';
import { openBooks, saveBooks, type BooksMark, type MarkedBooks } from './standing-folder.ts';

/** The most changed documents that books are gone on from; with more everything is sorted anew, from memory. */
const CHANGES_MAX = 20_000;
/** Up to so many entries books are judged in memory, and above block by block: about a gigabyte. */
const ENTRIES_IN_MEMORY_MAX = 5_000_000;
/** The most changes in the log that are read one by one; with more the whole copy is read. */
const LOGGED_MAX = 400_000;

/** What a judgement is asked with. */
export interface JudgeRequest {
  /** Measured by the memory of this folder too, which is added to `memories` as the weakest. */
  readonly rules: RunRules;
  readonly chargeRule: ChargeRule;
  /** What the charge rule is made of, as text: with another one every job is read anew. */
  readonly chargeBasis: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** A judgement of the copy. */
export interface KeptJudgement {
  readonly judged: JudgedBooks;
  /** The rules with every memory that counted. */
  readonly rules: RunRules;
  /** Documents that were read from the copy for it. */
  readonly documentsRead: number;
  /** Files of the memory that are damaged: what they remembered was not held against the books. */
  readonly lost: readonly string[];
  /** What is kept once the run has come to its end. */
  readonly remember: () => Promise<Result<void, AppError>>;
}

/**
 * Judges the copy, and keeps what it has read of it: the next judgement reads only what changed since, also after a new start of
 * the program. Whatever does not fit any more (another file, other rules, a log that does not reach back) is read anew.
 */
export class StandingKeeper {
  readonly #folder: string;
  #kept: MarkedBooks | null = null;
  /** What is remembered outside of blocks, and with it what blocks remember while books are judged in memory. */
  #seen: KeptSeen | null = null;

  readonly #entriesInMemoryMax: number;
  readonly #blocks: BlockKeeper;

  /** @param large from how many entries on books are judged in blocks, and in how many */
  constructor(folder: string, large: { readonly entriesInMemoryMax?: number; readonly blocks?: number } = {}) {
    this.#folder = folder;
    this.#entriesInMemoryMax = large.entriesInMemoryMax ?? ENTRIES_IN_MEMORY_MAX;
    this.#blocks = new BlockKeeper(folder, large.blocks);
  }

  /** Gives back the memory that the books take; they are opened again from the folder. */
  release(): void {
    this.#kept = null;
    this.#seen = null;
  }

  /**
   * Judges what the copy holds; belongs between its `begin` and `end`.
   * Errors: those of the copy; `malformed_document`; `cancelled`.
   */
  async judge(books: CacheBooks, request: JudgeRequest): Promise<Result<KeptJudgement, AppError>> {
    const position = books.logPosition();
    if (!position.ok) return position;
    const entries = books.entriesAbout();
    if (!entries.ok) return entries;
    if (entries.value > this.#entriesInMemoryMax) return this.#judgeBlocks(books, position.value, request);
    const seen = await this.#openSeen();
    if (!seen.ok) return seen;
    const { lost } = seen.value;
    const memories = [...request.rules.memories, seen.value.recent, seen.value.whole];
    const asked = { ...request, rules: { ...request.rules, memories } };
    const changes = await this.#changesSince(books, position.value, asked);
    if (!changes.ok) return changes;
    if (changes.value === null || position.value === null) return this.#judgeCopy(books, position.value, asked, lost);
    const mark = markOf(position.value, asked);
    const { kept, changed } = changes.value;
    const { verdict } = kept.books;
    const canGoOn =
      // A memory that was lost begins anew with all of the books, and not with what has changed.
      lost.length === 0 &&
      verdict.isWhole &&
      sizeOfChanges(changed) <= CHANGES_MAX &&
      kept.mark.rulesBasis === mark.rulesBasis &&
      request.rules.asOfMs >= verdict.asOfMs;
    if (!canGoOn) {
      return ok(
        this.#judgeView(renewView(kept.books.base, changed), mark, asked, {
          documentsRead: sizeOfChanges(changed),
          lost,
        }),
      );
    }
    return ok(this.#judgeChanges(kept, changed, asked));
  }

  async #judgeBlocks(
    books: CacheBooks,
    position: LogPosition | null,
    request: JudgeRequest,
  ): Promise<Result<KeptJudgement, AppError>> {
    this.release();
    const opened = await openSeen(this.#folder);
    if (!opened.ok) return opened;
    const { recent, whole } = opened.value;
    const older = [recent, whole];
    const readingBasis = readingBasisOf(request);
    const judged = await this.#blocks.judge(books, { ...request, position, readingBasis, older });
    if (!judged.ok) return judged;
    const { verdict, seen, documentsRead, lost, remember } = judged.value;
    return ok({
      judged: { verdict, view: emptyView(), accountVersions: null, ownerOf: () => null },
      rules: { ...request.rules, memories: [seen] },
      documentsRead,
      lost: [...opened.value.lost, ...lost],
      remember: async () => {
        const kept = await remember();
        return kept.ok ? setSeenAside(this.#folder, opened.value.lost) : kept;
      },
    });
  }

  async #changesSince(
    books: CacheBooks,
    position: LogPosition | null,
    asked: JudgeRequest,
  ): Promise<Result<{ readonly kept: MarkedBooks; readonly changed: BookChanges } | null, AppError>> {
    this.#kept ??= await openBooks(this.#folder);
    const kept = this.#kept;
    if (kept === null || position === null) return ok(null);
    if (kept.mark.readingBasis !== markOf(position, asked).readingBasis) return ok(null);
    const logged = books.changesSince(kept.mark.position, LOGGED_MAX);
    if (!logged.ok) return logged;
    if (logged.value === null) return ok(null);
    const changed = readChanges(books, logged.value, kept.books.base, asked.chargeRule);
    return changed.ok ? ok({ kept, changed: changed.value }) : changed;
  }

  #judgeChanges(kept: MarkedBooks, changed: BookChanges, asked: JudgeRequest): KeptJudgement {
    const total = sizeOfChanges(changed);
    asked.onProgress({ phase: 'changes', done: total, total });
    const partial = judgeChanges(kept.books, changed, asked.rules);
    asked.onProgress({ phase: 'rules', done: RULES.length, total: RULES.length });
    const { base } = kept.books;
    return {
      judged: {
        verdict: partial.verdict,
        view: partial.view,
        accountVersions: null,
        ownerOf: (generationId) => base.ownerOf(generationId),
      },
      rules: asked.rules,
      documentsRead: total,
      lost: [],
      remember: async () => {
        const before = this.#seen;
        if (before === null) return ok(undefined);
        const recent = mergeSeen(partial.seen, before.recent);
        const saved = await saveRecent(this.#folder, recent);
        if (saved.ok) this.#seen = { ...before, recent };
        return saved;
      },
    };
  }

  async #judgeCopy(
    books: CacheBooks,
    position: LogPosition | null,
    asked: JudgeRequest,
    lost: readonly string[],
  ): Promise<Result<KeptJudgement, AppError>> {
    const { chargeRule, signal, onProgress } = asked;
    // What is kept is of no use any more, and takes as much memory as what is read in its place.
    this.#kept = null;
    const read = await readView(bookSourceOf(books), { chargeRule, signal, onProgress });
    if (!read.ok) return read;
    const { view } = read.value;
    const documentsRead = view.jobs.presence.length + view.entries.count + view.accounts.isPresent.length;
    const mark = position === null ? null : markOf(position, asked);
    return ok(this.#judgeView(view, mark, asked, { documentsRead, lost }));
  }

  #judgeView(
    view: LedgerView,
    mark: BooksMark | null,
    asked: JudgeRequest,
    { documentsRead, lost }: Pick<KeptJudgement, 'documentsRead' | 'lost'>,
  ): KeptJudgement {
    const seen = mergeAll(asked.rules.memories);
    const books = judgeAll(
      view,
      { ...asked.rules, seen },
      { onRule: (done) => asked.onProgress({ phase: 'rules', done, total: RULES.length }) },
    );
    return {
      judged: {
        verdict: books.verdict,
        view,
        accountVersions: null,
        ownerOf: (generationId) => books.base.ownerOf(generationId),
      },
      rules: { ...asked.rules, memories: [seen] },
      documentsRead,
      lost,
      remember: async () => {
        const whole = rememberSeen(view, seen, null);
        const saved = await saveSeen(this.#folder, whole, lost);
        if (!saved.ok) return saved;
        this.#seen = { whole, recent: NOTHING_SEEN, lost: [] };
        if (mark === null) return ok(undefined);
        this.#kept = { mark, books };
        return saveBooks(this.#folder, this.#kept);
      },
    };
  }

  async #openSeen(): Promise<Result<KeptSeen, AppError>> {
    if (this.#seen !== null) return ok(this.#seen);
    const opened = await openAllSeen(this.#folder);
    if (opened.ok) this.#seen = opened.value;
    return opened;
  }
}

function mergeAll(memories: readonly SeenEntries[]): SeenEntries {
  return memories.reduceRight((weaker, stronger) => mergeSeen(stronger, weaker), NOTHING_SEEN);
}

function readingBasisOf({ chargeBasis }: Pick<JudgeRequest, 'chargeBasis'>): string {
  return sha256OfText(JSON.stringify([1, chargeBasis]));
}

function markOf(position: LogPosition, { rules, chargeBasis }: JudgeRequest): BooksMark {
  const { prices, closedPeriods, pendingMsMax, leaseGraceMs } = rules;
  const lines = prices.map((line) => [line.kind, line.fromMs, line.priceCredits]);
  return {
    position,
    readingBasis: readingBasisOf({ chargeBasis }),
    rulesBasis: sha256OfText(JSON.stringify([RULES_VERSION, pendingMsMax, leaseGraceMs, closedPeriods, lines])),
  };
}
