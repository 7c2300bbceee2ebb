import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { appError, type AppError } from '#domain/errors.ts';
import { BlockAccounts } from '#domain/reconciliation/blocks/block-accounts.ts';
import { BlockJudge, sumAccounts } from '#domain/reconciliation/blocks/block-judge.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import type { BlockVerdict, BlockVerdicts } from '#domain/reconciliation/blocks/block-verdict.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import type { AccountFacts } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import type { Result } from '#domain/result.ts';
import { FailedReadingError } from '#store/failed-reading.ts';
import type { JudgedBooks, RunRules } from '../judged-books.ts';
import type { KeptSeen } from '../memory-folder.ts';
import { attemptReading, readInto, type BookSource, type ReadOptions } from '../read-view.ts';
import type { BlockFolder, BlocksMark } from './block-folder.ts';
import { BookSpill } from './book-spill.ts';
import { isAlive } from './own-files.ts';
import { FoundMemory } from './found-memory.ts';

/** Entries of a block, about: few enough for a small memory, many enough that blocks cost nothing by themselves. */
const BLOCK_ENTRIES = 100_000;
/** How many blocks books of unknown size are sorted into. */
const BLOCKS_OF_UNKNOWN = 16;
/** What an entry, with what belongs to it, takes on the disk while books are sorted into blocks and kept, in bytes. */
const BYTES_OF_ENTRY = 400;

/** What a reading of all books is asked with. */
export interface ReadingRequest extends ReadOptions {
  /** `memories` are those that outweigh what the folder has kept. */
  readonly rules: RunRules;
  /** How many entries there are, about; null where nobody knows. */
  readonly entriesAbout: number | null;
  /** In how many blocks; null leaves it to the size of the books. */
  readonly blocks: number | null;
  /** What of the blocks is written down: all of them, what is remembered, or nothing. */
  readonly keeps: 'blocks' | 'memory' | 'nothing';
  /** Called with each block and what is remembered of it; both are void afterwards. */
  readonly onBlock: ((view: LedgerView, memory: SeenEntries) => void) | null;
}

/** All books, judged as they were read. */
export interface ReadBlocks {
  readonly judged: JudgedBooks;
  readonly verdicts: BlockVerdicts;
  readonly count: number;
  /** What is remembered of everything that a finding speaks of. */
  readonly seen: SeenEntries;
  readonly documentsRead: number;
  /** Files of the memory that are damaged: what they remembered was not held against the books. */
  readonly lost: readonly string[];
}

/**
 * Reads all books, sorts them into blocks by way of the disk and judges these: memory is that of one block, of the accounts, and of the
 * rows that wait to be written. What is to be kept is written into the folder's draft.
 * Errors: those of the source; `malformed_document`; `disk_full`; `cancelled`.
 */
export function readBlocks(
  source: BookSource,
  folder: BlockFolder,
  { kept: opened, request }: { readonly kept: KeptSeen; readonly request: ReadingRequest },
): Promise<Result<ReadBlocks, AppError>> {
  const before = folder.mark();
  const map = new BlockMap(request.blocks ?? blockCountOf(request.entriesAbout, before));
  return attemptReading(request.signal, async () => {
    checkSpace(folder.path, request);
    const spill = new BookSpill(ownSpill(path.join(folder.path, '..')), map);
    try {
      const accounts: AccountFacts[] = [];
      const accountVersions = new Map<string, number>();
      await readInto(source, request, {
        addAccount: ({ _id, available, held, holds, posting, version }) => {
          accounts.push({ _id, available, held, holds, posting });
          accountVersions.set(_id, version);
        },
        addJob: (job) => spill.addJob(job),
        addMalformedJob: (id) => spill.addMalformedJob(id),
        addEntry: (entry) => spill.addEntry(entry),
      });
      const { memories: _memories, ...options } = request.rules;
      const all = new BlockAccounts(map, accounts);
      const accountInputs = sumAccounts(accounts);
      const judge = new BlockJudge(map, options, all.all, accountInputs);
      const memory = new BlockMemory(folder, before, { map, opened, rules: request.rules });
      const found = new FoundMemory();
      const verdicts: BlockVerdict[] = [];
      if (request.keeps !== 'nothing') folder.begin();
      for (const { block, view } of spill.blocks(all)) {
        await nextTurn();
        request.signal.throwIfAborted();
        const seen = memory.of(block);
        const verdict = judge.add(block, view, seen, null);
        verdicts.push(verdict);
        found.take([seen], verdict.findings);
        request.onBlock?.(view, seen);
        if (request.keeps !== 'nothing') {
          await folder.saveBlock(block, request.keeps === 'blocks' ? view : null, rememberSeen(view, seen, null));
        }
        request.onProgress({ phase: 'rules', done: block + 1, total: map.count });
      }
      if (request.keeps === 'blocks') await folder.saveAccounts(accounts);
      const verdict = judge.finish();
      const { jobs, entries } = verdict.inputs.counts;
      return {
        judged: {
          verdict,
          first: { ledger: judge.sums, accountVersions },
          ownerOf: (generationId) => judge.ownerOf(generationId),
        },
        verdicts: { accountInputs, blocks: verdicts },
        count: map.count,
        seen: found.seen,
        documentsRead: jobs + entries + accounts.length,
        lost: [...opened.lost, ...memory.lost],
      };
    } finally {
      spill.close();
    }
  });
}

/** What is remembered of blocks, from all that remembers: what is of other blocks, or of none, is divided anew. */
export class BlockMemory {
  /** Files of the memory that are damaged. */
  readonly lost: string[] = [];
  readonly #folder: BlockFolder;
  readonly #mark: BlocksMark | null;
  readonly #map: BlockMap;
  readonly #stronger: readonly SeenEntries[];
  readonly #weaker: readonly SeenEntries[];

  constructor(
    folder: BlockFolder,
    mark: BlocksMark | null,
    { map, opened, rules }: { readonly map: BlockMap; readonly opened: KeptSeen; readonly rules: RunRules },
  ) {
    this.#folder = folder;
    this.#mark = mark?.count === map.count ? mark : null;
    this.#map = map;
    const other = this.#mark === null ? folder.seen() : { seen: NOTHING_SEEN, lost: [] };
    this.lost.push(...other.lost);
    this.#stronger = [...rules.memories, opened.recent];
    this.#weaker = [other.seen, opened.whole];
  }

  /** In one memory, with that of the folder read from it. */
  of(block: number): SeenEntries {
    const kept = this.#mark === null ? null : this.#folder.seenOf(this.#mark, block);
    if (kept !== null && kept.lost !== null) this.lost.push(kept.lost);
    return this.with(block, kept?.seen ?? NOTHING_SEEN);
  }

  /** In one memory, with that of the folder given. */
  with(block: number, kept: SeenEntries): SeenEntries {
    return this.listed(block, kept).reduceRight((weaker, stronger) => mergeSeen(stronger, weaker), NOTHING_SEEN);
  }

  /** One by one, the weightiest first. */
  listed(block: number, kept: SeenEntries): readonly SeenEntries[] {
    const ofBlock = (memory: SeenEntries): SeenEntries => this.#map.seenOf(memory, block);
    return [...this.#stronger.map(ofBlock), kept, ...this.#weaker.map(ofBlock)];
  }
}

function blockCountOf(entriesAbout: number | null, before: BlocksMark | null): number {
  if (entriesAbout === null) return before?.count ?? BLOCKS_OF_UNKNOWN;
  const wanted = Math.max(1, Math.ceil(entriesAbout / BLOCK_ENTRIES));
  // Blocks that have grown or shrunk a little keep their memory in its place.
  const isNear = before !== null && before.count <= wanted * 2 && wanted <= before.count * 2;
  return isNear ? before.count : wanted;
}

function checkSpace(folder: string, { entriesAbout, keeps }: ReadingRequest): void {
  mkdirSync(folder, { recursive: true });
  const wanted = (entriesAbout ?? 0) * BYTES_OF_ENTRY * (keeps === 'blocks' ? 1 : 0.5);
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= wanted) return;
  const [free, needed] = [bavail * bsize, wanted].map((bytes) => Math.ceil(bytes / 1_000_000));
  throw new FailedReadingError(
    appError('disk_full', `a run over these books needs ${needed} MB beside the copy, and ${free} MB are free`),
  );
}

/** Where this thread sorts books; what processes that have ended left of theirs goes. */
function ownSpill(folder: string): string {
  for (const name of readdirSync(folder)) {
    const found = SPILL.exec(name);
    if (found === null) continue;
    const isLeft = found[1] === undefined || !isAlive(Number(found[1]));
    if (isLeft) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
  return path.join(folder, `spill-${process.pid}-${threadId}`);
}

const SPILL = /^spill(?:-(\d+)-\d+)?$/;
