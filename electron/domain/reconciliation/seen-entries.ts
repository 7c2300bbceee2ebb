import { netOfEntry, type LedgerView } from './view.ts';

/**
 * What earlier runs and closed periods have seen of the ledger, one row an entry, in the order of a view: enough to know an
 * entry again, to tell whether it has changed, and to miss it when it is gone.
 */
export interface SeenEntries {
  readonly count: number;
  readonly generationHash: Float64Array;
  readonly keyHash: Float64Array;
  readonly content: Float64Array;
  readonly period: Uint16Array;
  /** What it added to its account. */
  readonly net: Float64Array;
  /** 1 where a closed period counted it. */
  readonly isSealed: Uint8Array;
}

/** The memory of somebody who has seen nothing. */
export const NOTHING_SEEN: SeenEntries = {
  count: 0,
  generationHash: new Float64Array(0),
  keyHash: new Float64Array(0),
  content: new Float64Array(0),
  period: new Uint16Array(0),
  net: new Float64Array(0),
  isSealed: new Uint8Array(0),
};

/** How an entry of a view stands to what was seen before. */
export const NEVER_SEEN = 0;
export const SEEN_SAME = 1;
export const SEEN_DIFFERENT = 2;

/** A view held against a memory. */
export interface SeenComparison {
  /** By entry of the view. */
  readonly state: Uint8Array;
  /** By entry of the view: 1 where a closed period counted it. */
  readonly isSealed: Uint8Array;
  /** Rows of the memory that the view does not have. */
  readonly gone: readonly number[];
}

/** Walks view and memory side by side: both stand in the order of generation and key hashes. */
export function compareWithSeen(view: LedgerView, seen: SeenEntries): SeenComparison {
  const { entries, generations } = view;
  const state = new Uint8Array(entries.count);
  const isSealed = new Uint8Array(entries.count);
  const gone: number[] = [];
  if (seen.count === 0) return { state, isSealed, gone };
  let row = 0;
  for (let entry = 0; entry < entries.count; entry += 1) {
    const generationHash = generations.hash[entries.generation[entry] ?? 0] ?? 0;
    const keyHash = entries.keyHash[entry] ?? 0;
    while (row < seen.count && isBefore(seen, row, generationHash, keyHash)) gone.push(row++);
    if (row >= seen.count || seen.generationHash[row] !== generationHash || seen.keyHash[row] !== keyHash) continue;
    state[entry] = seen.content[row] === entries.content[entry] ? SEEN_SAME : SEEN_DIFFERENT;
    isSealed[entry] = seen.isSealed[row] ?? 0;
    row += 1;
  }
  while (row < seen.count) gone.push(row++);
  return { state, isSealed, gone };
}

function isBefore(seen: SeenEntries, row: number, generationHash: number, keyHash: number): boolean {
  const generation = seen.generationHash[row] ?? 0;
  return generation < generationHash || (generation === generationHash && (seen.keyHash[row] ?? 0) < keyHash);
}

/**
 * The memory after a run: all that the view has, and what the view misses, so that it stays missed.
 * @param sealedPeriod code of a period that is being closed with this view: its entries become sealed; null for a mere run
 */
export function rememberSeen(view: LedgerView, seen: SeenEntries, sealedPeriod: number | null): SeenEntries {
  const { entries, generations } = view;
  const comparison = compareWithSeen(view, seen);
  const count = entries.count + comparison.gone.length;
  const next = {
    count,
    generationHash: new Float64Array(count),
    keyHash: new Float64Array(count),
    content: new Float64Array(count),
    period: new Uint16Array(count),
    net: new Float64Array(count),
    isSealed: new Uint8Array(count),
  };
  let to = 0;
  let missing = 0;
  const keepGoneBefore = (generationHash: number, keyHash: number): void => {
    for (; missing < comparison.gone.length; missing += 1) {
      const row = comparison.gone[missing] ?? 0;
      if (!isBefore(seen, row, generationHash, keyHash)) return;
      copyRow(seen, row, next, to++);
    }
  };
  for (let entry = 0; entry < entries.count; entry += 1) {
    const generationHash = generations.hash[entries.generation[entry] ?? 0] ?? 0;
    keepGoneBefore(generationHash, entries.keyHash[entry] ?? 0);
    next.generationHash[to] = generationHash;
    next.keyHash[to] = entries.keyHash[entry] ?? 0;
    next.content[to] = entries.content[entry] ?? 0;
    next.period[to] = entries.period[entry] ?? 0;
    next.net[to] = netOfEntry(entries, entry);
    const isClosing = sealedPeriod !== null && entries.period[entry] === sealedPeriod;
    next.isSealed[to] = isClosing ? 1 : (comparison.isSealed[entry] ?? 0);
    to += 1;
  }
  keepGoneBefore(Infinity, Infinity);
  keepChanged(seen, comparison, next);
  return next;
}

/** A changed entry is remembered as it was first seen: a second run must find it too. */
function keepChanged(seen: SeenEntries, comparison: SeenComparison, next: SeenEntries): void {
  if (!comparison.state.includes(SEEN_DIFFERENT)) return;
  let row = 0;
  let to = 0;
  while (row < seen.count && to < next.count) {
    if (isBefore(seen, row, next.generationHash[to] ?? 0, next.keyHash[to] ?? 0)) row += 1;
    else if (seen.generationHash[row] === next.generationHash[to] && seen.keyHash[row] === next.keyHash[to]) {
      copyRow(seen, row++, next, to++);
    } else to += 1;
  }
}

function copyRow(from: SeenEntries, row: number, next: SeenEntries, to: number): void {
  const isSealed = next.isSealed[to] === 1 ? 1 : (from.isSealed[row] ?? 0);
  for (const name of ['generationHash', 'keyHash', 'content', 'period', 'net'] as const) {
    next[name][to] = from[name][row] ?? 0;
  }
  next.isSealed[to] = isSealed;
}

/** The part of a memory that speaks of these generations, by the hashes of their ids. */
export function seenOfGenerations(seen: SeenEntries, generationHashes: ReadonlySet<number>): SeenEntries {
  const rows = Int32Array.from(seen.generationHash.keys()).filter((row) =>
    generationHashes.has(seen.generationHash[row] ?? 0),
  );
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row] ?? 0);
  return {
    count: rows.length,
    generationHash: pick(seen.generationHash),
    keyHash: pick(seen.keyHash),
    content: pick(seen.content),
    net: pick(seen.net),
    period: Uint16Array.from(rows, (row) => seen.period[row] ?? 0),
    isSealed: Uint8Array.from(rows, (row) => seen.isSealed[row] ?? 0),
  };
}
