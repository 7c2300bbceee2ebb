import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { LedgerEntry } from '#domain/ledger.ts';
import type { BlockAccounts } from '#domain/reconciliation/blocks/block-accounts.ts';
import type { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import type { JobFacts } from '#domain/reconciliation/facts.ts';
import { jobFactsOfRow } from '#domain/reconciliation/standing/patch-view.ts';
import { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { decodeView, encodeView } from '../view-file.ts';
import { FailedReadingError } from '#store/failed-reading.ts';

/** Rows that are gathered in memory before they are written to the files of their blocks. */
const ROWS_MAX = 200_000;
const LENGTH_BYTES = 8;

/** A block with its number. */
export interface SpilledBlock {
  readonly block: number;
  readonly view: LedgerView;
}

/**
 * Sorts books into blocks by way of the disk: documents come in any order, and each block is put together once all are there. Memory
 * is that of the rows of one block and of those that wait to be written. Every method may throw what the disk refuses.
 */
export class BookSpill {
  readonly #folder: string;
  readonly #map: BlockMap;
  /** One for each block, and behind them one for each part of the directory, which finds a job by the hash of its id. */
  #waiting = new Map<number, LedgerViewBuilder>();
  #rows = 0;

  readonly #rowsMax: number;

  /**
   * @param folder is made, and taken away by `close` with all that is in it
   * @param rowsMax rows that wait in memory until they are written
   */
  constructor(folder: string, map: BlockMap, rowsMax = ROWS_MAX) {
    this.#rowsMax = rowsMax;
    this.#folder = folder;
    this.#map = map;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }

  addJob(job: JobFacts): void {
    for (const block of this.#map.ofJob(job)) this.#at(block).addJob(job);
    this.#at(this.#directoryOf(job.id)).addJob(job);
  }

  addMalformedJob(jobId: string): void {
    this.#at(this.#map.ofGeneration(jobId)).addMalformedJob(jobId);
    this.#at(this.#directoryOf(jobId)).addMalformedJob(jobId);
  }

  addEntry(entry: LedgerEntry): void {
    this.#at(this.#map.ofEntry(entry)).addEntry(entry);
  }

  /** Puts one block after the other together. Nothing may be added once it has begun. */
  *blocks(accounts: BlockAccounts): Iterable<SpilledBlock> {
    this.#flush();
    const strays = this.#findStrays();
    for (let block = 0; block < this.#map.count; block += 1) {
      const builder = new LedgerViewBuilder();
      for (const chunk of this.#chunksOf(block)) copyInto(builder, chunk);
      for (const [id, job] of strays.get(block) ?? []) {
        if (job === 'malformed') builder.addMalformedJob(id);
        else builder.addJob(job);
      }
      accounts.addTo(builder, block);
      yield { block, view: builder.seal() };
    }
  }

  /** Idempotent. */
  close(): void {
    this.#waiting.clear();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #directoryOf(jobId: string): number {
    return this.#map.count + this.#map.ofGeneration(jobId);
  }

  #at(slot: number): LedgerViewBuilder {
    if (this.#rows >= this.#rowsMax) this.#flush();
    this.#rows += 1;
    const builder = this.#waiting.get(slot) ?? new LedgerViewBuilder();
    this.#waiting.set(slot, builder);
    return builder;
  }

  #flush(): void {
    for (const [slot, builder] of this.#waiting) {
      const pieces = encodeView(builder.seal(), { source: 'spill', asOfMs: 0 });
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeBigUInt64LE(BigInt(pieces.reduce((sum, piece) => sum + piece.length, 0)));
      const handle = openSync(this.#fileOf(slot), 'a');
      try {
        for (const piece of [length, ...pieces]) {
          for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at, piece.length - at);
        }
      } finally {
        closeSync(handle);
      }
    }
    this.#waiting = new Map();
    this.#rows = 0;
  }

  *#chunksOf(slot: number): Iterable<LedgerView> {
    const file = this.#fileOf(slot);
    if (!existsSync(file)) return;
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length;) {
      const start = at + LENGTH_BYTES;
      const end = start + Number(bytes.readBigUInt64LE(at));
      const view = decodeView(bytes.subarray(start, end), true);
      if (!view.ok) throw new FailedReadingError(view.error);
      yield view.value;
      at = end;
    }
  }

  /** By block: the jobs that entries of it name and that do not stand in it themselves, as far as there are any. */
  #findStrays(): ReadonlyMap<number, ReadonlyMap<string, JobFacts | 'malformed'>> {
    const wanted = new Map<string, number[]>();
    for (let block = 0; block < this.#map.count; block += 1) {
      for (const id of this.#strangersOf(block)) wanted.set(id, [...(wanted.get(id) ?? []), block]);
    }
    const found = new Map<number, Map<string, JobFacts | 'malformed'>>();
    for (let slot = this.#map.count; wanted.size > 0 && slot < this.#map.count * 2; slot += 1) {
      const ids = [...wanted.keys()].filter((id) => this.#directoryOf(id) === slot);
      for (const chunk of this.#chunksOf(slot)) {
        const base = new IndexedView(chunk);
        for (const id of ids) {
          const row = chunk.jobIds.find(id);
          if (row < 0) continue;
          const job = chunk.jobs.presence[row] === 2 ? 'malformed' : jobFactsOfRow(base, row);
          for (const block of wanted.get(id) ?? []) {
            const jobs = found.get(block) ?? new Map<string, JobFacts | 'malformed'>();
            found.set(block, jobs.set(id, job));
          }
        }
      }
    }
    return found;
  }

  #strangersOf(block: number): ReadonlySet<string> {
    const present = new Set<string>();
    const named = new Set<string>();
    for (const { jobs, jobIds } of this.#chunksOf(block)) {
      for (let row = 0; row < jobIds.size; row += 1) (jobs.presence[row] === 0 ? named : present).add(jobIds.text(row));
    }
    return named.difference(present);
  }

  #fileOf(slot: number): string {
    return path.join(this.#folder, `${slot}.chunks`);
  }
}

function copyInto(builder: LedgerViewBuilder, chunk: LedgerView): void {
  const base = new IndexedView(chunk);
  for (let row = 0; row < chunk.jobs.presence.length; row += 1) {
    if (chunk.jobs.presence[row] === 2) builder.addMalformedJob(chunk.jobIds.text(row));
    else if (chunk.jobs.presence[row] === 1) builder.addJob(jobFactsOfRow(base, row));
  }
  for (let row = 0; row < chunk.entries.count; row += 1) builder.copyEntry(chunk, row);
}
