import type { LedgerEntry } from '../../ledger.ts';
import type { JobFacts } from '../facts.ts';
import { hashText } from '../hash53.ts';
import { firstSeenRow, pickRows, type SeenEntries } from '../seen-entries.ts';

/** Hashes have 53 bits. */
const HASH_END = 9_007_199_254_740_992;
const UNBOUND_HASH = hashText('');

/**
 * Divides books into blocks, each of which can be held against the rules by itself: the generations whose hashes lie in one range
 * with their entries, and the entries without a generation whose keys' hashes do. A job stands in the block of each of its
 * generations, and counts in that of its current one.
 */
export class BlockMap {
  readonly count: number;

  /** @param count how many blocks, at least 1 */
  constructor(count: number) {
    this.count = count;
  }

  /** The block of a generation, by the hash of its id. */
  ofHash(hash: number): number {
    return Math.min(this.count - 1, Math.floor((hash / HASH_END) * this.count));
  }

  ofGeneration(generationId: string): number {
    return this.ofHash(hashText(generationId));
  }

  ofEntry({ _id, generationId }: Pick<LedgerEntry, '_id' | 'generationId'>): number {
    return this.ofHash(hashText(generationId === null || generationId === '' ? _id : generationId));
  }

  /** Every block that a job stands in. */
  ofJob(job: JobFacts): ReadonlySet<number> {
    const named = [...job.generations.map(({ id }) => id), ...job.pending.map(({ generationId }) => generationId)];
    return new Set(named.map((id) => this.ofGeneration(id)));
  }

  /** The rows of a memory that belong to a block. */
  seenOf(seen: SeenEntries, block: number): SeenEntries {
    const [from, to] = [this.#startOf(block), this.#startOf(block + 1)];
    const first = firstSeenRow(seen, from, -1);
    const end = firstSeenRow(seen, to, -1);
    const bound = rowsBetween(first, end).filter((row) => seen.generationHash[row] !== UNBOUND_HASH);
    const unbound = rowsBetween(firstSeenRow(seen, UNBOUND_HASH, from), firstSeenRow(seen, UNBOUND_HASH, to));
    // Rows of a memory stand in the order of their hashes, and so must those that are picked.
    const rows = new Int32Array(bound.length + unbound.length);
    rows.set(bound);
    rows.set(unbound, bound.length);
    return pickRows(seen, rows.sort());
  }

  #startOf(block: number): number {
    return block >= this.count ? HASH_END : Math.ceil((block * HASH_END) / this.count);
  }
}

function rowsBetween(from: number, to: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
