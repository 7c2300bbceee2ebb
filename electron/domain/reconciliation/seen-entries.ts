import { NEW_COLUMNS, type ColumnMemory } from './column-memory.ts';
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
  /** The month that counted it when it was closed, as its code; 0 where none has yet. */
  readonly sealedIn: Uint16Array;
}

/** The memory of somebody who has seen nothing. */
export const NOTHING_SEEN: SeenEntries = {
  count: 0,
  generationHash: new Float64Array(0),
  keyHash: new Float64Array(0),
  content: new Float64Array(0),
  period: new Uint16Array(0),
  net: new Float64Array(0),
  sealedIn: new Uint16Array(0),
};

/** How an entry of a view stands to what was seen before; one that never was seen has 0. */
const SEEN_SAME = 1;
export const SEEN_DIFFERENT = 2;

/** A view held against a memory. */
export interface SeenComparison {
  /** By entry of the view. */
  readonly state: Uint8Array;
  /** By entry of the view: the month that counted it when it was closed, as its code; 0 where none has yet. */
  readonly sealedIn: Uint16Array;
  /** Rows of the memory that the view does not have. */
  readonly gone: readonly number[];
}

/** Walks view and memory side by side: both stand in the order of generation and key hashes. */
export function compareWithSeen(
  view: LedgerView,
  seen: SeenEntries,
  memory: ColumnMemory = NEW_COLUMNS,
): SeenComparison {
  const { entries, generations } = view;
  const state = memory.uint8(entries.count);
  const sealedIn = memory.uint16(entries.count);
  const gone: number[] = [];
  if (seen.count === 0) return { state, sealedIn, gone };
  let row = 0;
  for (let entry = 0; entry < entries.count; entry += 1) {
    const generationHash = generations.hash[entries.generation[entry] ?? 0] ?? 0;
    const keyHash = entries.keyHash[entry] ?? 0;
    while (row < seen.count && isBefore(seen, row, generationHash, keyHash)) gone.push(row++);
    if (row >= seen.count || seen.generationHash[row] !== generationHash || seen.keyHash[row] !== keyHash) continue;
    state[entry] = seen.content[row] === entries.content[entry] ? SEEN_SAME : SEEN_DIFFERENT;
    sealedIn[entry] = seen.sealedIn[row] ?? 0;
    row += 1;
  }
  while (row < seen.count) gone.push(row++);
  return { state, sealedIn, gone };
}

function isBefore(seen: SeenEntries, row: number, generationHash: number, keyHash: number): boolean {
  const generation = seen.generationHash[row] ?? 0;
  return generation < generationHash || (generation === generationHash && (seen.keyHash[row] ?? 0) < keyHash);
}

/** A month that is being closed, and the one before it, as codes; `after` is 0 for the first month that is ever closed. */
export interface Closing {
  readonly period: number;
  readonly after: number;
}

/**
 * The month that counts an entry when a month is closed; 0 where it belongs to a later one. An entry of an earlier month that was
 * not counted there came late, and counts in this one; with the first month, everything before it is closed as what it is.
 */
function sealOf(dated: number, closing: Closing): number {
  if (dated > closing.period) return 0;
  return closing.after === 0 ? dated : closing.period;
}

/**
 * The memory after a run: all that the view has, and what the view misses, so that it stays missed.
 * @param closing a month that is being closed with this view: its entries become sealed; null for a mere run
 */
export function rememberSeen(view: LedgerView, seen: SeenEntries, closing: Closing | null): SeenEntries {
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
    sealedIn: new Uint16Array(count),
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
    const standing = comparison.sealedIn[entry] ?? 0;
    const isNew = standing === 0 && closing !== null;
    next.sealedIn[to] = isNew ? sealOf(entries.period[entry] ?? 0, closing) : standing;
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
  const sealedIn = next.sealedIn[to] || (from.sealedIn[row] ?? 0);
  for (const name of ['generationHash', 'keyHash', 'content', 'period', 'net'] as const) {
    next[name][to] = from[name][row] ?? 0;
  }
  next.sealedIn[to] = sealedIn;
}

/** The rows of a memory for which the predicate holds, in their order. */
export function pickSeen(seen: SeenEntries, isWanted: (row: number) => boolean): SeenEntries {
  return pickRows(seen, Int32Array.from(seen.generationHash.keys()).filter(isWanted));
}

/** These rows of a memory; they must be in its order. */
export function pickRows(seen: SeenEntries, rows: Int32Array): SeenEntries {
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row] ?? 0);
  return {
    count: rows.length,
    generationHash: pick(seen.generationHash),
    keyHash: pick(seen.keyHash),
    content: pick(seen.content),
    net: pick(seen.net),
    period: Uint16Array.from(rows, (row) => seen.period[row] ?? 0),
    sealedIn: Uint16Array.from(rows, (row) => seen.sealedIn[row] ?? 0),
  };
}

/**
 * Two memories in one. Where both know an entry, `stronger` is right: what a closed month has counted outweighs what this machine
 * has seen.
 */
export function mergeSeen(stronger: SeenEntries, weaker: SeenEntries): SeenEntries {
  if (stronger.count === 0) return weaker;
  if (weaker.count === 0) return stronger;
  // Rows of the weaker memory stand as negative numbers, counted from -1.
  const from = new Int32Array(stronger.count + weaker.count);
  let count = 0;
  let weak = 0;
  for (let row = 0; row < stronger.count; row += 1) {
    const [generationHash, keyHash] = [stronger.generationHash[row] ?? 0, stronger.keyHash[row] ?? 0];
    while (weak < weaker.count && isBefore(weaker, weak, generationHash, keyHash)) from[count++] = -(weak++ + 1);
    if (weaker.generationHash[weak] === generationHash && weaker.keyHash[weak] === keyHash) weak += 1;
    from[count++] = row;
  }
  while (weak < weaker.count) from[count++] = -(weak++ + 1);
  const rows = from.subarray(0, count);
  const valueAt = (
    name: 'generationHash' | 'keyHash' | 'content' | 'net' | 'period' | 'sealedIn',
    row: number,
  ): number => (row < 0 ? weaker[name][-row - 1] : stronger[name][row]) ?? 0;
  return {
    count,
    generationHash: Float64Array.from(rows, (row) => valueAt('generationHash', row)),
    keyHash: Float64Array.from(rows, (row) => valueAt('keyHash', row)),
    content: Float64Array.from(rows, (row) => valueAt('content', row)),
    net: Float64Array.from(rows, (row) => valueAt('net', row)),
    period: Uint16Array.from(rows, (row) => valueAt('period', row)),
    sealedIn: Uint16Array.from(rows, (row) => valueAt('sealedIn', row)),
  };
}

/** The first row of a memory of this generation and key, by their hashes, or of what comes behind them; by binary search. */
export function firstSeenRow({ generationHash, keyHash, count }: SeenEntries, hash: number, key: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = generationHash[middle] ?? 0;
    if (found < hash || (found === hash && (keyHash[middle] ?? 0) < key)) low = middle + 1;
    else high = middle;
  }
  return low;
}
