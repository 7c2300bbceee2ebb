import { compareValues } from '../compare.ts';
import { isNil } from '../expressions/compile.ts';
import { numberKind, toBig, toDouble, workingDouble, workingWhole, type NumberKind } from '../numbers.ts';

/** Says that a value has to be reckoned from all that is in the window. */
export const ANEW = Symbol('anew');

/** An accumulator from which what entered first can be taken back. */
export interface Removable {
  readonly add: (value: unknown) => void;
  /** Takes back the value that entered first of those that are left. */
  readonly remove: (value: unknown) => void;
  readonly value: unknown;
}

/** Every finite double is a whole number of this part of 1. */
const SCALE_BITS = 1074;
const SCALE = BigInt(SCALE_BITS);
const MANTISSA_BITS = 52n;
const EXPONENT_MASK = 0x7ffn;
/** More bits than a double has, and one behind them tells whether anything was cut off: so it is rounded once. */
const KEPT_BITS = 64;

/**
 * A sum without any rounding until it is told: whole numbers and doubles are whole numbers of 2^-1074. Decimals are rounded to 34 digits
 * at each step, in their order, so that nothing can be taken back from them.
 */
class RemovableSum {
  #whole = 0n;
  #parts = 0n;
  readonly #counts: Record<NumberKind, number> = { int: 0, long: 0, double: 0, decimal: 0 };
  #nans = 0;
  #infinities = { positive: 0, negative: 0 };

  change(value: unknown, sign: 1 | -1): void {
    const kind = numberKind(value);
    if (kind === null) return;
    this.#counts[kind] += sign;
    if (kind === 'decimal') return;
    if (kind !== 'double') {
      this.#whole += BigInt(sign) * toBig(value);
      return;
    }
    const double = toDouble(value);
    if (Number.isNaN(double)) this.#nans += sign;
    else if (double === Number.POSITIVE_INFINITY) this.#infinities.positive += sign;
    else if (double === Number.NEGATIVE_INFINITY) this.#infinities.negative += sign;
    else this.#parts += BigInt(sign) * partsOf(double);
  }

  get count(): number {
    const { int, long, double, decimal } = this.#counts;
    return int + long + double + decimal;
  }

  get hasDecimals(): boolean {
    return this.#counts.decimal > 0;
  }

  get asDouble(): number {
    const { positive, negative } = this.#infinities;
    if (this.#nans > 0 || (positive > 0 && negative > 0)) return Number.NaN;
    if (positive > 0) return Number.POSITIVE_INFINITY;
    if (negative > 0) return Number.NEGATIVE_INFINITY;
    if (this.#counts.double === 0) return Number(this.#whole);
    return nearestDouble(this.#parts + (this.#whole << SCALE));
  }

  get value(): unknown {
    if (this.#counts.double > 0) return workingDouble(this.asDouble);
    return workingWhole(this.#whole, this.#counts.long > 0) ?? workingDouble(Number(this.#whole));
  }
}

const BITS = new DataView(new ArrayBuffer(8));

function partsOf(double: number): bigint {
  BITS.setFloat64(0, Math.abs(double));
  const bits = BITS.getBigUint64(0);
  const exponent = (bits >> MANTISSA_BITS) & EXPONENT_MASK;
  const mantissa = bits & ((1n << MANTISSA_BITS) - 1n);
  const parts = exponent === 0n ? mantissa : (mantissa | (1n << MANTISSA_BITS)) << (exponent - 1n);
  return double < 0 ? -parts : parts;
}

function nearestDouble(parts: bigint): number {
  const size = parts < 0n ? -parts : parts;
  const shift = Math.max(0, size.toString(16).length * 4 - KEPT_BITS);
  const top = size >> BigInt(shift);
  const isCut = top << BigInt(shift) !== size;
  const double = Number(isCut ? top | 1n : top) * 2 ** (shift - SCALE_BITS);
  return parts < 0n ? -double : double;
}

/** @param told what is told of the sum, in which there is no decimal */
function summed(told: (total: RemovableSum) => unknown): Removable {
  const total = new RemovableSum();
  return {
    add: (value) => {
      total.change(value, 1);
    },
    remove: (value) => {
      total.change(value, -1);
    },
    get value() {
      return total.hasDecimals ? ANEW : told(total);
    },
  };
}

function averageOf(total: RemovableSum): unknown {
  return total.count === 0 ? null : workingDouble(total.asDouble / total.count);
}

function count(): Removable {
  let n = 0;
  return {
    add: () => {
      n += 1;
    },
    remove: () => {
      n -= 1;
    },
    get value() {
      return n;
    },
  };
}

/** Places of values in the order in which they entered. */
interface Placed {
  readonly at: number;
  readonly value: unknown;
}

/** Keeps only what may still become the least or the greatest: of what is equal that which entered first. */
function extreme(sign: 1 | -1): () => Removable {
  return () => {
    const candidates = new Queue<Placed>();
    let [entered, left] = [0, 0];
    return {
      add: (value) => {
        const at = entered;
        entered += 1;
        if (isNil(value)) return;
        for (let last = candidates.last; last !== undefined; last = candidates.last) {
          if (sign * compareValues(value, last.value) >= 0) break;
          candidates.dropLast();
        }
        candidates.push({ at, value });
      },
      remove: () => {
        if (candidates.first?.at === left) candidates.dropFirst();
        left += 1;
      },
      get value() {
        return candidates.first?.value ?? null;
      },
    };
  };
}

/** The value at one end of the window. */
function end(which: 'first' | 'last'): () => Removable {
  return () => {
    const values = new Queue<Placed>();
    let entered = 0;
    return {
      add: (value) => {
        values.push({ at: entered, value });
        entered += 1;
      },
      remove: () => {
        values.dropFirst();
      },
      get value() {
        return values[which]?.value ?? null;
      },
    };
  };
}

/** A list of which both ends are taken; its beginning is given back now and then. */
class Queue<Item> {
  #items: Item[] = [];
  #head = 0;

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  get last(): Item | undefined {
    return this.#items.length > this.#head ? this.#items.at(-1) : undefined;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  dropFirst(): void {
    this.#head += 1;
    if (this.#head < SPARE_MAX || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  dropLast(): void {
    this.#items.pop();
  }
}

const SPARE_MAX = 1000;

const REMOVABLE: Readonly<Record<string, () => Removable>> = {
  $sum: () => summed((total) => total.value),
  $avg: () => summed(averageOf),
  $count: count,
  $min: extreme(1),
  $max: extreme(-1),
  $first: end('first'),
  $last: end('last'),
};

/** How an accumulator of this name is reckoned where documents leave its window; null for one of which nothing can be taken back. */
export function removableOf(name: string): (() => Removable) | null {
  return (Object.hasOwn(REMOVABLE, name) ? REMOVABLE[name] : undefined) ?? null;
}
