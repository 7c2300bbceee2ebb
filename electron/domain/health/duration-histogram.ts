/**
 * Durations counted in slots that grow by a fourth of a doubling, from one millisecond to 36 days: two histograms are merged by
 * adding them, a duration is taken out of one as it was put in, and a quantile read from it is off by less than a tenth.
 */
const SLOTS_PER_DOUBLING = 4;
const SLOT_MAX = 127;
const VARINT_BITS = 7;
const VARINT_BASE = 2 ** VARINT_BITS;

/** A histogram of more slots than this is kept by their numbers. */
const FEW_SLOTS_MAX = 12;

/**
 * How many durations each slot holds; a change to a histogram may be negative. Most that a writer gathers have one slot, while whoever
 * reads ninety days adds fifty thousand slots to a few histograms: the first is a small map, the second a list, which is gone through by
 * place.
 */
export class DurationCounts {
  readonly #few = new Map<number, number>();
  /** Takes the place of the few as soon as it is there. */
  #all: number[] | null = null;

  /** Adds durations of a slot. */
  add(slot: number, durations: number): void {
    if (this.#all !== null) {
      this.#all[slot] = (this.#all[slot] ?? 0) + durations;
      return;
    }
    const sum = (this.#few.get(slot) ?? 0) + durations;
    if (sum === 0) this.#few.delete(slot);
    else this.#few.set(slot, sum);
    if (this.#few.size > FEW_SLOTS_MAX) this.#all = listOf(this.#few);
  }

  /** Adds all of a histogram, or takes it out. */
  addCounts(counts: DurationCounts, by: 1 | -1 = 1): void {
    if (counts.#all === null) for (const [slot, durations] of counts.#few) this.add(slot, by * durations);
    else {
      const all = (this.#all ??= listOf(this.#few));
      for (let slot = 0; slot <= SLOT_MAX; slot += 1) all[slot] = (all[slot] ?? 0) + by * (counts.#all[slot] ?? 0);
    }
  }

  /** Whether it holds nothing, and changes nothing. */
  get isEmpty(): boolean {
    return this.#all === null ? this.#few.size === 0 : this.#all.every((durations) => durations === 0);
  }

  /** How many durations it holds. */
  get total(): number {
    let sum = 0;
    for (const durations of this.#all ?? this.#few.values()) sum += durations;
    return sum;
  }

  /** How many durations each slot holds, all of them by their numbers. */
  list(): readonly number[] {
    return this.#all ?? listOf(this.#few);
  }
}

const EMPTY_LIST: readonly number[] = Array.from({ length: SLOT_MAX + 1 }, () => 0);

function listOf(slots: ReadonlyMap<number, number>): number[] {
  const list = EMPTY_LIST.slice();
  for (const [slot, durations] of slots) list[slot] = durations;
  return list;
}

/** The slot of a duration in milliseconds; what ran backwards counts as no time at all. */
export function durationSlotOf(durationMs: number): number {
  if (durationMs < 1) return 0;
  return Math.min(SLOT_MAX, 1 + Math.floor(Math.log2(durationMs) * SLOTS_PER_DOUBLING));
}

/** The shortest duration of a slot, in milliseconds. */
function startOfSlot(slot: number): number {
  return slot === 0 ? 0 : 2 ** ((slot - 1) / SLOTS_PER_DOUBLING);
}

/**
 * The durations in milliseconds that shares of all are not longer than, each interpolated within its slot; nulls for an empty histogram.
 * @param shares above 0 up to 1, ascending: they are all read in one pass
 */
export function durationQuantiles(counts: DurationCounts, shares: readonly number[]): readonly (number | null)[] {
  const all = counts.total;
  if (all === 0) return shares.map(() => null);
  const quantiles: number[] = [];
  let below = 0;
  const list = counts.list();
  for (let slot = 0; slot <= SLOT_MAX; slot += 1) {
    const durations = list[slot] ?? 0;
    if (durations === 0) continue;
    for (const share of shares.slice(quantiles.length)) {
      const wanted = all * share;
      if (below + durations < wanted) break;
      const start = startOfSlot(slot);
      quantiles.push(start + (startOfSlot(slot + 1) - start) * ((wanted - below) / durations));
    }
    if (quantiles.length === shares.length) return quantiles;
    below += durations;
  }
  const end = startOfSlot(list.findLastIndex((durations) => durations !== 0) + 1);
  return shares.map((_, n) => quantiles[n] ?? end);
}

/** A histogram as bytes: slot and count of each, ascending. Throws for a negative count, which none that is kept has. */
export function encodeDurations(counts: DurationCounts): Uint8Array {
  const bytes: number[] = [];
  const list = counts.list();
  for (let slot = 0; slot <= SLOT_MAX; slot += 1) {
    const durations = list[slot] ?? 0;
    if (durations === 0) continue;
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
  while (at < bytes.length) {
    const slot = byteAt(bytes, at);
    at += 1;
    if (slot > SLOT_MAX) throw new RangeError(`there is no slot ${slot}`);
    let durations = 0;
    for (let factor = 1; ; factor *= VARINT_BASE) {
      const byte = byteAt(bytes, at);
      at += 1;
      durations += (byte % VARINT_BASE) * factor;
      if (byte < VARINT_BASE) break;
      if (factor > Number.MAX_SAFE_INTEGER / VARINT_BASE) throw new RangeError('a count is too large');
    }
    to.add(slot, by * durations);
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('a histogram ends in the middle of a slot');
  return byte;
}
