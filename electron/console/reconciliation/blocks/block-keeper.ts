import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogPosition } from '#cache/book-log.ts';
import type { CacheBooks } from '#cache/books.ts';
import { sha256OfText } from '#cache/sha256.ts';
import type { AppError } from '#domain/errors.ts';
import { BlockChanges, type ChangedBooks } from '#domain/reconciliation/blocks/block-changes.ts';
import { BlockJudge, sumAccounts } from '#domain/reconciliation/blocks/block-judge.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import type { BlockVerdict } from '#domain/reconciliation/blocks/block-verdict.ts';
import { RULES_VERSION } from '#domain/reconciliation/rules.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { sizeOfChanges } from '#domain/reconciliation/standing/book-changes.ts';
import { combineSums, type InputSum } from '#domain/reconciliation/standing/input-digest.ts';
import { renewView } from '#domain/reconciliation/standing/judge.ts';
import { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import type { AccountFacts } from '#domain/reconciliation/view-builder.ts';
import { ok, type Result } from '#domain/result.ts';
import { readChanges } from '../changed-books.ts';
import { bookSourceOf } from '../copied-books.ts';
import type { JudgedBooks, RunRules } from '../judged-books.ts';
import { forgetSeen, openSeen, saveRecent, setSeenAside, type KeptSeen } from '../memory-folder.ts';
import { attemptReading, type BookSource, type ReadOptions } from '../read-view.ts';
import { attemptWriting } from '../whole-files.ts';
import { BlockFolder, BLOCKS_FOLDER, type BlocksGoing, type KeptBlock, type StandingBlocks } from './block-folder.ts';
import { BlockMemory, readBlocks, type ReadBlocks, type ReadingRequest } from './block-reading.ts';
import { FoundMemory } from './found-memory.ts';

/** The most changed documents that blocks are gone on from; with more each block is sorted anew. */
const CHANGES_MAX = 20_000;
/** Up to so many entries blocks stay in memory from the second judgement on: about a gigabyte. */
const ENTRIES_IN_MEMORY_MAX = 5_000_000;
/** The most changes in the log that are read one by one; with more the whole copy is read. */
const LOGGED_MAX = 400_000;

/** What a judgement of the copy is asked with. */
export interface JudgeRequest extends ReadOptions {
  /** Measured by the memory of this folder too, which is added to `memories` as the weakest. */
  readonly rules: RunRules;
  /** What the charge rule is made of, as text: with another one every job is read anew. */
  readonly chargeBasis: string;
}

/** A judgement. */
export interface KeptJudgement {
  readonly judged: JudgedBooks;
  /** The rules with every memory that counted, as far as findings speak of what it remembers. */
  readonly rules: RunRules;
  /** Documents that were read for it. */
  readonly documentsRead: number;
  /** Files of the memory that are damaged: what they remembered was not held against the books. */
  readonly lost: readonly string[];
  /** What is kept once the run has come to its end. Errors: `disk_full`, `internal`. */
  readonly remember: () => Promise<Result<void, AppError>>;
}

/**
 * Judges books in blocks, and keeps the blocks: the next judgement of the copy reads only what changed since, also after a new start of
 * the program. Whatever does not fit any more (another file, other rules, a log that does not reach back) is read anew. No more than one
 * block need be in memory; where books are small enough, their blocks stay there for repeats.
 */
export class BlockKeeper {
  readonly #folder: string;
  readonly #blocks: BlockFolder;
  readonly #count: number | null;
  readonly #entriesInMemoryMax: number;
  #standing: StandingBlocks | null = null;
  /** Blocks that stay in memory, each with the indexes that earlier judgements made of it. */
  #loaded: readonly LoadedBlock[] | null = null;
  #hasJudged = false;

  /**
   * @param folder that of the runs
   * @param options in how many blocks books are divided, and up to how many entries they stay in memory; null leaves it to their size
   */
  constructor(folder: string, options: { readonly blocks?: number; readonly entriesInMemoryMax?: number } = {}) {
    this.#folder = folder;
    this.#blocks = new BlockFolder(path.join(folder, BLOCKS_FOLDER));
    this.#count = options.blocks ?? null;
    this.#entriesInMemoryMax = options.entriesInMemoryMax ?? ENTRIES_IN_MEMORY_MAX;
  }

  /** Gives back the memory that the books take; they are opened again from the folder. */
  release(): void {
    this.#standing = null;
    this.#loaded = null;
    this.#hasJudged = false;
  }

  /**
   * Judges what the copy holds; belongs between its `begin` and `end`.
   * Errors: those of the copy; `malformed_document`; `disk_full` and `internal` where blocks cannot be kept; `cancelled`.
   */
  async judge(books: CacheBooks, request: JudgeRequest): Promise<Result<KeptJudgement, AppError>> {
    const position = books.logPosition();
    if (!position.ok) return position;
    const opened = await openSeen(this.#folder);
    if (!opened.ok) return opened;
    const asked = { request, opened: opened.value, position: position.value };
    const standing = position.value === null ? null : this.#open(request);
    if (standing !== null) {
      const changed = changesSince(books, standing, request);
      if (!changed.ok) return changed;
      if (changed.value !== null) {
        const around = { ...asked, standing, changed: changed.value };
        const again = await attemptReading(request.signal, () => this.#goOn(around));
        // A block that was damaged on the disk: the copy has it all.
        if (again.ok) return again;
      }
    }
    this.release();
    const entries = books.entriesAbout();
    if (!entries.ok) return entries;
    const { rules, chargeRule, signal, onProgress } = request;
    const read = await this.#read(bookSourceOf(books), opened.value, {
      rules,
      chargeRule,
      signal,
      onProgress,
      entriesAbout: entries.value,
      keeps: 'blocks',
      onBlock: null,
    });
    if (!read.ok) return read;
    const going = position.value === null ? null : goingOf(position.value, request, read.value.judged);
    return ok({ ...this.#judgementOf(read.value, rules, going), judged: { ...read.value.judged, first: null } });
  }

  /**
   * Judges all that a source holds, in bounded memory. What is kept is what was seen: blocks that were kept of the copy are given up.
   * Errors: those of the source; `malformed_document`; `disk_full`; `cancelled`.
   */
  async judgeAll(
    source: BookSource,
    request: Omit<ReadingRequest, 'blocks' | 'keeps' | 'entriesAbout'> & { readonly keeps: 'memory' | 'nothing' },
  ): Promise<Result<KeptJudgement, AppError>> {
    const opened = await openSeen(this.#folder);
    if (!opened.ok) return opened;
    this.release();
    const read = await this.#read(source, opened.value, { ...request, entriesAbout: null });
    return read.ok ? ok(this.#judgementOf(read.value, request.rules, null)) : read;
  }

  #read(source: BookSource, kept: KeptSeen, request: Omit<ReadingRequest, 'blocks'>) {
    return readBlocks(source, this.#blocks, { kept, request: { ...request, blocks: this.#count } });
  }

  #judgementOf(read: ReadBlocks, rules: RunRules, going: BlocksGoing | null): KeptJudgement {
    const { judged, verdicts, count, seen, documentsRead, lost } = read;
    return {
      judged,
      rules: { ...rules, memories: [seen] },
      documentsRead,
      lost,
      remember: () => this.#complete(count, going === null ? null : { mark: going, verdicts }, lost),
    };
  }

  #complete(
    count: number,
    going: Parameters<BlockFolder['complete']>[1],
    lost: readonly string[],
  ): Promise<Result<void, AppError>> {
    return attemptWriting(async () => {
      await this.#blocks.complete(count, going, lost);
      await setSeenAside(this.#folder, lost);
      await forgetSeen(this.#folder);
      this.release();
    });
  }

  #open({ chargeBasis }: JudgeRequest): StandingBlocks | null {
    this.#standing ??= this.#blocks.standing();
    const standing = this.#standing;
    if (standing === null || standing.going.readingBasis !== readingBasisOf(chargeBasis)) return null;
    return this.#count === null || standing.mark.count === this.#count ? standing : null;
  }

  async #goOn(around: Around): Promise<KeptJudgement> {
    const { request, opened, standing, changed } = around;
    const { going } = standing;
    const canGoOn =
      // A memory that was lost begins anew with all of the books, and not with what has changed.
      opened.lost.length === 0 &&
      going.isWhole &&
      changed.size <= CHANGES_MAX &&
      going.rulesBasis === rulesBasisOf(request.rules) &&
      request.rules.asOfMs >= going.asOfMs;
    const judgement = canGoOn ? await this.#judgeChanges(around) : await this.#judgeAnew(around);
    this.#hasJudged = true;
    return judgement;
  }

  async #judgeChanges(around: Around): Promise<KeptJudgement> {
    const { request, standing, changed } = around;
    const { judge, memory, changes } = this.#begin(around);
    const found = new FoundMemory();
    const recent: SeenEntries[] = [];
    for (const { block, base, seen } of this.#each(standing)) {
      await nextTurn();
      request.signal.throwIfAborted();
      const verdict = verdictOf(standing, block);
      const memories = memory.listed(block, seen);
      const { asOfMs } = standing.going;
      const now = judge.addChanges({ block, base, verdict, memories, asOfMs }, changes.of(block, base));
      recent.push(now.seen);
      found.take(memories, now.findings);
      request.onProgress({ phase: 'changes', done: block + 1, total: standing.mark.count });
    }
    return {
      judged: judgedBy(judge),
      rules: { ...request.rules, memories: [found.seen] },
      documentsRead: changed.size,
      lost: [],
      remember: async () => {
        const fresh = recent.reduce((all, seen) => mergeSeen(seen, all), NOTHING_SEEN);
        return saveRecent(this.#folder, mergeSeen(fresh, around.opened.recent));
      },
    };
  }

  /** Holds every block against every rule, sorted anew where something of it has changed. */
  async #judgeAnew(around: Around): Promise<KeptJudgement> {
    const { request, standing, changed, opened, position } = around;
    const { judge, memory, changes, accounts, accountInputs } = this.#begin(around);
    const isChanged = changed.size > 0 || opened.lost.length > 0 || opened.recent.count > 0 || opened.whole.count > 0;
    const found = new FoundMemory();
    const verdicts: BlockVerdict[] = [];
    if (isChanged) this.#blocks.begin();
    for (const { block, base, seen } of this.#each(standing)) {
      await nextTurn();
      request.signal.throwIfAborted();
      const own = memory.with(block, seen);
      const ofBlock = changed.size === 0 ? null : changes.of(block, base);
      const isSame = ofBlock === null || sizeOfChanges(ofBlock) + ofBlock.generationIds.size === 0;
      const view = isSame ? base.view : renewView(base, ofBlock);
      const verdict = judge.add(block, view, own, isSame ? verdictOf(standing, block).inputs : null);
      verdicts.push(verdict);
      found.take([own], verdict.findings);
      if (isChanged) await this.#blocks.saveBlock(block, view, rememberSeen(view, own, null));
      request.onProgress({ phase: 'rules', done: block + 1, total: standing.mark.count });
    }
    if (isChanged) await this.#blocks.saveAccounts(accounts);
    const judged = judgedBy(judge);
    const going = goingOf(position ?? standing.going.position, request, judged);
    const kept = { accountInputs, blocks: verdicts };
    return {
      judged,
      rules: { ...request.rules, memories: [found.seen] },
      documentsRead: changed.size,
      lost: opened.lost,
      remember: () =>
        isChanged
          ? this.#complete(standing.mark.count, { mark: going, verdicts: kept }, opened.lost)
          : attemptWriting(async () => {
              await this.#blocks.replaceVerdicts(standing.mark, going, kept);
              this.#standing = null;
            }),
    };
  }

  #begin({ request, standing, changed, opened }: Around) {
    const map = new BlockMap(standing.mark.count);
    const { memories: _memories, ...options } = request.rules;
    const { folded } = standing.accounts;
    const now = new Map(folded);
    const before: AccountFacts[] = [];
    const after: AccountFacts[] = [];
    for (const id of changed.books.workspaceIds) {
      const [then, today] = [standing.accounts.whole(id), changed.books.accountNow(id)];
      if (then !== null) before.push(then);
      if (today === null) now.delete(id);
      else {
        after.push(today);
        now.set(id, today);
      }
    }
    const without = combineSums(standing.verdicts.accountInputs, sumAccounts(before), -1);
    const accountInputs: InputSum = combineSums(without, sumAccounts(after), 1);
    return {
      judge: new BlockJudge(map, options, now, accountInputs),
      memory: new BlockMemory(this.#blocks, standing.mark, { map, opened, rules: request.rules }),
      changes: new BlockChanges(map, changed.books),
      accountInputs,
      accounts: Iterator.from(now).map(([id, account]) =>
        folded.get(id) === account ? (standing.accounts.whole(id) ?? account) : account,
      ),
    };
  }

  /** One block after the other; the second time that a program asks for them they stay in memory, where they are small enough. */
  *#each({ mark, verdicts }: StandingBlocks): Iterable<LoadedBlock> {
    const entries = verdicts.blocks.reduce((sum, { inputs }) => sum + inputs.counts.entries, 0);
    if (this.#loaded === null && this.#hasJudged && entries <= this.#entriesInMemoryMax) {
      this.#loaded = Array.from(this.#blocks.blocks(mark, 'own'), loadedOf);
    }
    if (this.#loaded !== null) yield* this.#loaded;
    else for (const kept of this.#blocks.blocks(mark)) yield loadedOf(kept);
  }
}

interface LoadedBlock {
  readonly block: number;
  readonly base: IndexedView;
  readonly seen: SeenEntries;
}

/** What a judgement of standing blocks is made from. */
interface Around {
  readonly request: JudgeRequest;
  readonly opened: KeptSeen;
  readonly position: LogPosition | null;
  readonly standing: StandingBlocks;
  readonly changed: Changed;
}

interface Changed {
  readonly books: ChangedBooks;
  /** Documents that changed. */
  readonly size: number;
}

function changesSince(
  books: CacheBooks,
  standing: StandingBlocks,
  { chargeRule }: JudgeRequest,
): Result<Changed | null, AppError> {
  const logged = books.changesSince(standing.going.position, LOGGED_MAX);
  if (!logged.ok) return logged;
  if (logged.value === null) return ok(null);
  return readChanges(books, logged.value, chargeRule);
}

function loadedOf({ block, view, seen }: KeptBlock): LoadedBlock {
  return { block, base: new IndexedView(view), seen };
}

function verdictOf({ verdicts }: StandingBlocks, block: number): BlockVerdict {
  const verdict = verdicts.blocks[block];
  if (verdict === undefined) throw new Error('every block has its verdict');
  return verdict;
}

function judgedBy(judge: BlockJudge): JudgedBooks {
  return { verdict: judge.finish(), first: null, ownerOf: (generationId) => judge.ownerOf(generationId) };
}

function readingBasisOf(chargeBasis: string): string {
  return sha256OfText(JSON.stringify([1, chargeBasis]));
}

function rulesBasisOf({ prices, closedPeriods, pendingMsMax, leaseGraceMs }: RunRules): string {
  const lines = prices.map((line) => [line.kind, line.fromMs, line.priceCredits]);
  return sha256OfText(JSON.stringify([RULES_VERSION, pendingMsMax, leaseGraceMs, closedPeriods, lines]));
}

function goingOf(position: LogPosition, { rules, chargeBasis }: JudgeRequest, { verdict }: JudgedBooks): BlocksGoing {
  return {
    position,
    readingBasis: readingBasisOf(chargeBasis),
    rulesBasis: rulesBasisOf(rules),
    asOfMs: verdict.asOfMs,
    isWhole: verdict.isWhole,
  };
}
