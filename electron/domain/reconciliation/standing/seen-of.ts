import { firstSeenRow, mergeSeen, NOTHING_SEEN, pickRows, type SeenEntries } from '../seen-entries.ts';

/** What to look for in a memory, by hashes. */
export interface WantedSeen {
  /** Whole generations. */
  readonly generationHashes: ReadonlySet<number>;
  /** Entries without a generation, by their key; `unboundHash` is the hash of their generation. */
  readonly unboundKeyHashes: ReadonlySet<number>;
  readonly unboundHash: number;
}

/**
 * What memories say of some generations and entries, found by search and not by reading the memories.
 * @param memories the first outweighs those behind it
 */
export function seenOf(memories: readonly SeenEntries[], wanted: WantedSeen): SeenEntries {
  return memories.reduceRight((weaker, memory) => mergeSeen(pickWanted(memory, wanted), weaker), NOTHING_SEEN);
}

function pickWanted(memory: SeenEntries, wanted: WantedSeen): SeenEntries {
  const rows: number[] = [];
  for (const hash of wanted.generationHashes) {
    for (let row = firstSeenRow(memory, hash, -1); memory.generationHash[row] === hash; row += 1) rows.push(row);
  }
  for (const keyHash of wanted.unboundKeyHashes) {
    const row = firstSeenRow(memory, wanted.unboundHash, keyHash);
    if (memory.generationHash[row] === wanted.unboundHash && memory.keyHash[row] === keyHash) rows.push(row);
  }
  return pickRows(memory, Int32Array.from(rows).sort());
}
