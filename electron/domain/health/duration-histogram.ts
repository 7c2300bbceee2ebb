/**
 * Durations counted in slots that grow by a fourth of a doubling, from one millisecond to 36 days: two histograms are merged by
 * adding them, a duration is taken out of one as it was put in, and a quantile read from it is off by less than a tenth.
 */
const SLOTS_PER_DOUBLING = 4;
const SLOT_MAX = 127;
const VARINT_BITS = 7;
const VARINT_BASE = 2 ** VARINT_BITS;

/** How many durations each slot holds, by slot; slots that hold none are left out. A change to a histogram may be negative. */
export type DurationCounts = Map<number, number>;

/** The slot of a duration in milliseconds; what ran backwards counts as no time at all. */
export function durationSlotOf(durationMs: number): number {
  if (durationMs < 1) return 0;
  return Math.min(SLOT_MAX, 1 + Math.floor(Math.log2(durationMs) * SLOTS_PER_DOUBLING));
}

/** The shortest duration of a slot, in milliseconds. */
function startOfSlot(slot: number): number {
  return slot === 0 ? 0 : 2 ** ((slot - 1) / SLOTS_PER_DOUBLING);
}

/** Adds durations of a slot to a histogram. */
export function addToSlot(counts: DurationCounts, slot: number, durations: number): void {
  const sum = (counts.get(slot) ?? 0) + durations;
  if (sum === 0) counts.delete(slot);
  else counts.set(slot, sum);
}

/** Adds all of a histogram to another, or takes it out of it. */
export function addCounts(to: DurationCounts, counts: DurationCounts, by: 1 | -1 = 1): void {
  for (const [slot, durations] of counts) addToSlot(to, slot, by * durations);
}

/** How many durations a histogram holds. */
export function countDurations(counts: DurationCounts): number {
  let sum = 0;
  for (const durations of counts.values()) sum += durations;
  return sum;
}

/**
 * The durations in milliseconds that shares of all are not longer than, each interpolated within its slot; nulls for an empty histogram.
 * @param shares above 0 up to 1, ascending: they are all read in one pass
 */
export function durationQuantiles(counts: DurationCounts, shares: readonly number[]): readonly (number | null)[] {
  const all = countDurations(counts);
  if (all === 0) return shares.map(() => null);
  const quantiles: number[] = [];
  let below = 0;
  // Numbers of a typed array are sorted as such, without a function that compares two of them.
  const slots = Uint8Array.from(counts.keys()).sort();
  for (const slot of slots) {
    const durations = counts.get(slot) ?? 0;
    for (const share of shares.slice(quantiles.length)) {
      const wanted = all * share;
      if (below + durations < wanted) break;
      const start = startOfSlot(slot);
      quantiles.push(start + (startOfSlot(slot + 1) - start) * ((wanted - below) / durations));
    }
    if (quantiles.length === shares.length) return quantiles;
    below += durations;
  }
  const end = startOfSlot((slots.at(-1) ?? 0) + 1);
  return shares.map((_, n) => quantiles[n] ?? end);
}

/** A histogram as bytes: slot and count of each, ascending. Throws for a negative count, which none that is kept has. */
export function encodeDurations(counts: DurationCounts): Uint8Array {
  // Most rows hold no duration or a single one.
  const slots = counts.size > 1 ? [...counts].sort(([left], [right]) => left - right) : counts;
  const bytes: number[] = [];
  for (const [slot, durations] of slots) {
    if (durations < 0) throw new RangeError(`slot ${slot} would hold ${durations} durations`);
    bytes.push(slot);
    let rest = durations;
    while (rest >= VARINT_BASE) {
      bytes.push((rest % VARINT_BASE) + VARINT_BASE);
      rest = Math.floor(rest / VARINT_BASE);
    }
    bytes.push(rest);
  }
  return new Uint8Array(bytes);
}

/** Adds what {@link encodeDurations} wrote to a histogram, or takes it out of it; throws for other bytes. */
export function addEncodedDurations(to: DurationCounts, bytes: Uint8Array, by: 1 | -1 = 1): void {
  let at = 0;
  const next = (): number => {
    const byte = bytes[at];
    if (byte === undefined) throw new RangeError('a histogram ends in the middle of a slot');
    at += 1;
    return byte;
  };
  while (at < bytes.length) {
    const slot = next();
    if (slot > SLOT_MAX) throw new RangeError(`there is no slot ${slot}`);
    let durations = 0;
    for (let factor = 1; ; factor *= VARINT_BASE) {
      const byte = next();
      durations += (byte % VARINT_BASE) * factor;
      if (byte < VARINT_BASE) break;
      if (factor > Number.MAX_SAFE_INTEGER / VARINT_BASE) throw new RangeError('a count is too large');
    }
    addToSlot(to, slot, by * durations);
  }
}
