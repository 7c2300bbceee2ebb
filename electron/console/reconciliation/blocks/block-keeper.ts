import path from 'node:path';
import type { LogPosition } from '#cache/book-log.ts';
import type { CacheBooks } from '#cache/books.ts';
import type { AppError } from '#domain/errors.ts';
import { BlockAccounts } from '#domain/reconciliation/blocks/block-accounts.ts';
import { BlockJudge } from '#domain/reconciliation/blocks/block-judge.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { hashText } from '#domain/reconciliation/hash53.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import type { Verdict } from '#domain/reconciliation/standing/judge.ts';
import { seenOf } from '#domain/reconciliation/standing/seen-of.ts';
import { LedgerViewBuilder, type AccountFacts } from '#domain/reconciliation/view-builder.ts';
import { ok, type Result } from '#domain/result.ts';
import { bookSourceOf } from '../copied-books.ts';
import type { RunRules } from '../judged-books.ts';
import { attemptReading, readInto, type ReadOptions } from '../read-view.ts';
import { attemptWriting } from '../whole-files.ts';
import { BlockFolder, BLOCKS_FOLDER, type BlockMemory, type BlocksMark } from './block-folder.ts';
import { BookSpill } from './book-spill.ts';

/** Blocks that books are divided into: of ten million entries each has forty thousand. */
const BLOCKS = 256;

/** What large books are judged with. */
export interface BlockRequest extends ReadOptions {
  readonly position: LogPosition | null;
  /** How documents are read into columns. */
  readonly readingBasis: string;
  /** `memories` are those that outweigh what this folder has kept. */
  readonly rules: RunRules;
  /** What was remembered before the books were kept in blocks; weaker than what the blocks remember. */
  readonly older: readonly SeenEntries[];
}

/** A judgement of large books. */
export interface BlockJudgement {
  readonly verdict: Verdict;
  /** What is remembered of everything that a finding speaks of. */
  readonly seen: SeenEntries;
  readonly documentsRead: number;
  /** Files of the memory that are damaged: what they remembered was not held against the books. */
  readonly lost: readonly string[];
  readonly remember: () => Promise<Result<void, AppError>>;
}

/**
 * Judges books that are too large for the memory, block by block, and keeps the blocks: while the copy does not change, the next
 * judgement reads them and not the copy.
 */
export class BlockKeeper {
  readonly #spillFolder: string;
  readonly #kept: BlockFolder;
  readonly #map: BlockMap;

  /**
   * @param folder that of the runs
   * @param count how many blocks: what was kept in another number of them is read anew
   */
  constructor(folder: string, count = BLOCKS) {
    this.#map = new BlockMap(count);
    this.#spillFolder = path.join(folder, 'spill');
    this.#kept = new BlockFolder(path.join(folder, BLOCKS_FOLDER));
  }

  /** Errors: those of the copy; `malformed_document`; `disk_full` and `internal` where blocks cannot be kept; `cancelled`. */
  async judge(books: CacheBooks, request: BlockRequest): Promise<Result<BlockJudgement, AppError>> {
    const mark = this.#kept.mark();
    const basis = JSON.stringify([request.position, request.readingBasis, this.#map.count]);
    if (request.position !== null && mark?.basis === basis) {
      const again = await attemptReading(request.signal, () => Promise.resolve(this.#judgeKept(mark, request)));
      // A block that was damaged on the disk: the copy has it all.
      if (again.ok) return again;
    }
    return attemptReading(request.signal, () => this.#judgeCopy(books, request, basis));
  }

  #judgeKept(mark: BlocksMark, request: BlockRequest): BlockJudgement {
    const { memories: _memories, ...options } = request.rules;
    const judge = new BlockJudge(this.#map, options, this.#kept.accounts(mark), mark.inputs);
    const found = new FoundMemory();
    for (const { block, view, seen } of this.#kept.blocks(mark)) {
      request.signal.throwIfAborted();
      const memory = this.#memoryOf(block, seen, request);
      found.take(memory, judge.add(block, view, memory));
      request.onProgress({ phase: 'rules', done: block + 1, total: this.#map.count });
    }
    return {
      verdict: judge.finish(),
      seen: found.seen,
      documentsRead: 0,
      lost: [],
      remember: () => Promise.resolve(ok(undefined)),
    };
  }

  async #judgeCopy(books: CacheBooks, request: BlockRequest, basis: string): Promise<BlockJudgement> {
    const spill = new BookSpill(this.#spillFolder, this.#map);
    try {
      const accounts: AccountFacts[] = [];
      await readInto(bookSourceOf(books), request, {
        addAccount: ({ _id, available, held, holds, posting }) =>
          accounts.push({ _id, available, held, holds, posting }),
        addJob: (job) => spill.addJob(job),
        addMalformedJob: (id) => spill.addMalformedJob(id),
        addEntry: (entry) => spill.addEntry(entry),
      });
      const { memories: _memories, ...options } = request.rules;
      const all = new BlockAccounts(this.#map, accounts);
      const judge = new BlockJudge(this.#map, options, all.all, null);
      const found = new FoundMemory();
      const before = this.#kept.mark();
      // Blocks of another number, or without a mark that can be read, are none of these: what they remember still counts.
      const other = before?.count === this.#map.count ? null : this.#kept.seen();
      const lost = [...(other?.lost ?? [])];
      const asked = other === null ? request : { ...request, older: [other.seen, ...request.older] };
      this.#kept.begin();
      for (const { block, view } of spill.blocks(all)) {
        request.signal.throwIfAborted();
        const kept = this.#seenOf(before, block);
        if (kept.lost !== null) lost.push(kept.lost);
        const memory = this.#memoryOf(block, kept.seen, asked);
        found.take(memory, judge.add(block, view, memory));
        await this.#kept.saveBlock({ block, view, seen: rememberSeen(view, memory, null) });
        request.onProgress({ phase: 'rules', done: block + 1, total: this.#map.count });
      }
      await this.#kept.saveAccounts(accounts);
      const verdict = judge.finish();
      const { jobs, entries } = verdict.inputs.counts;
      return {
        verdict,
        seen: found.seen,
        documentsRead: jobs + entries + accounts.length,
        lost,
        remember: () =>
          attemptWriting(() => this.#kept.complete({ count: this.#map.count, basis, inputs: verdict.inputs }, lost)),
      };
    } finally {
      spill.close();
    }
  }

  #seenOf(mark: BlocksMark | null, block: number): BlockMemory {
    return mark?.count === this.#map.count ? this.#kept.seenOf(mark, block) : { seen: NOTHING_SEEN, lost: null };
  }

  #memoryOf(block: number, kept: SeenEntries, { rules, older }: BlockRequest): SeenEntries {
    const ofBlock = (memory: SeenEntries): SeenEntries => this.#map.seenOf(memory, block);
    return [...rules.memories.map(ofBlock), kept, ...older.map(ofBlock)].reduceRight(
      (weaker, stronger) => mergeSeen(stronger, weaker),
      NOTHING_SEEN,
    );
  }
}

/** Gathers what is remembered of the entries that findings speak of: the server is asked about each of them once more. */
class FoundMemory {
  seen = NOTHING_SEEN;

  take(memory: SeenEntries, findings: readonly Finding[]): void {
    const generations = findings.flatMap(({ generationId }) => (generationId === null ? [] : hashText(generationId)));
    const unbound = findings.flatMap(({ generationId, subject }) =>
      generationId === null ? hashText(subject.id) : [],
    );
    const wanted = {
      generationHashes: new Set(generations),
      unboundKeyHashes: new Set(unbound),
      unboundHash: hashText(''),
    };
    this.seen = mergeSeen(seenOf([memory], wanted), this.seen);
  }
}

/** A view of nothing, for what is judged without one. */
export function emptyView(): ReturnType<LedgerViewBuilder['seal']> {
  return new LedgerViewBuilder().seal();
}
