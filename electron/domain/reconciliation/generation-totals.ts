import { NEW_COLUMNS, type ColumnMemory } from './column-memory.ts';
import { ADJUST, CAPTURE, REFUND, RELEASE, RESERVE, type LedgerView } from './view.ts';

/** From this n on an entry is a mend: n is the number of the rule that it mends times 1000, plus how many mends of it there were. */
export const MEND_N_STEP = 1000;
/** Rules whose adjustments explain something and do not charge or give back in place of a capture or refund. */
const EXPLAINING_RULES: readonly number[] = [10, 19];

/**
 * What the entries of each generation add up to, entries that its job still owes counted as posted. One row a generation, in
 * the view's order.
 */
export interface GenerationTotals {
  readonly reserved: Float64Array;
  readonly captured: Float64Array;
  readonly released: Float64Array;
  readonly refunded: Float64Array;
  readonly captures: Uint32Array;
  readonly refunds: Uint32Array;
  /** Credits of the earliest capture. */
  readonly firstCapture: Float64Array;
  /** Credits taken back by negative adjustments, as a positive number: they undo refunds. */
  readonly takenBack: Float64Array;
  /** Sums and counts of the adjustments that explain, by the rule. */
  readonly explained: ReadonlyMap<number, { readonly credits: Float64Array; readonly count: Uint32Array }>;
  /** 1 where the job still owes an entry that does not stand. */
  readonly isMoving: Uint8Array;
}

/** Adds the entries up: one pass over the columns. */
export function sumGenerations(view: LedgerView, memory: ColumnMemory = NEW_COLUMNS): GenerationTotals {
  const { entries, generations, pending } = view;
  const totals = emptyTotals(generations.count, memory);
  const firstAtMs = memory.float64(generations.count).fill(Infinity);
  const { generation, type, credits, atMs, n, count } = entries;
  // The row of the entries without a generation is added up like any other and read by nobody.
  for (let entry = 0; entry < count; entry += 1) {
    addEntry(
      totals,
      firstAtMs,
      generation[entry] ?? 0,
      type[entry] ?? 0,
      credits[entry] ?? 0,
      atMs[entry] ?? 0,
      n[entry] ?? 0,
    );
  }
  for (let row = 0; row < pending.count; row += 1) {
    if (pending.isStanding[row] === 1) continue;
    const owed = pending.generation[row] ?? 0;
    totals.isMoving[owed] = 1;
    addEntry(totals, firstAtMs, owed, pending.type[row] ?? 0, pending.credits[row] ?? 0, pending.atMs[row] ?? 0, 1);
  }
  return totals;
}

// Parameters and no object: this is called for every entry of a deployment.
function addEntry(
  totals: GenerationTotals,
  firstAtMs: Float64Array,
  generation: number,
  type: number,
  credits: number,
  atMs: number,
  n: number,
): void {
  switch (type) {
    case RESERVE:
      totals.reserved[generation] = (totals.reserved[generation] ?? 0) + credits;
      return;
    case CAPTURE:
      totals.captured[generation] = (totals.captured[generation] ?? 0) + credits;
      totals.captures[generation] = (totals.captures[generation] ?? 0) + 1;
      // Two captures of one moment: the smaller one counts as the first, so that the order of arrival decides nothing.
      if (
        atMs < (firstAtMs[generation] ?? 0) ||
        (atMs === firstAtMs[generation] && credits < (totals.firstCapture[generation] ?? 0))
      ) {
        firstAtMs[generation] = atMs;
        totals.firstCapture[generation] = credits;
      }
      return;
    case RELEASE:
      totals.released[generation] = (totals.released[generation] ?? 0) + credits;
      return;
    case REFUND:
      totals.refunded[generation] = (totals.refunded[generation] ?? 0) + credits;
      totals.refunds[generation] = (totals.refunds[generation] ?? 0) + 1;
      return;
    case ADJUST:
      addAdjustment(totals, generation, credits, n);
  }
}

function addAdjustment(totals: GenerationTotals, generation: number, credits: number, n: number): void {
  const explained = totals.explained.get(Math.floor(n / MEND_N_STEP));
  if (explained !== undefined) {
    explained.credits[generation] = (explained.credits[generation] ?? 0) + credits;
    explained.count[generation] = (explained.count[generation] ?? 0) + 1;
  } else if (credits < 0) {
    totals.takenBack[generation] = (totals.takenBack[generation] ?? 0) - credits;
  }
}

function emptyTotals(count: number, memory: ColumnMemory): GenerationTotals {
  return {
    reserved: memory.float64(count),
    captured: memory.float64(count),
    released: memory.float64(count),
    refunded: memory.float64(count),
    captures: memory.uint32(count),
    refunds: memory.uint32(count),
    firstCapture: memory.float64(count),
    takenBack: memory.float64(count),
    explained: new Map(
      EXPLAINING_RULES.map((rule) => [rule, { credits: memory.float64(count), count: memory.uint32(count) }]),
    ),
    isMoving: memory.uint8(count),
  };
}

/** Refunds of a generation that still count: what adjustments took back again is no refund any more. */
export function refundsThatCount(totals: GenerationTotals, generation: number): number {
  return Math.max(0, (totals.refunded[generation] ?? 0) - (totals.takenBack[generation] ?? 0));
}

/** What the customer has paid for a generation after refunds; never below 0. */
export function netCaptured(totals: GenerationTotals, generation: number): number {
  return Math.max(0, (totals.captured[generation] ?? 0) - refundsThatCount(totals, generation));
}
