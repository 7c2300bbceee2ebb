import { Decimal128 } from 'bson';
import { refuse } from '../expressions/refusal.ts';
import { numberKind, toDouble, workingDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';

/** Rounds boundaries of buckets to numbers of a series; each rounds to another number than it is given, but for 0. */
export interface Rounding {
  readonly up: (value: unknown) => unknown;
  readonly down: (value: unknown) => unknown;
}

const numbersIn = (text: string): readonly number[] => text.split(/\s+/).map(Number);

/** The series of preferred numbers as MongoDB has them, of which some leave a number of the standard out. */
const R20 = numbersIn(`100 112 125 140 160 180 200 224 250 280 315 355 400 450 500 560 630 710 800 900`);
const R40 = numbersIn(
  `100 106 112 118 125 132 140 150 160 170 180 190 200 212 224 236 250 265 280 300 315 355 375 400 425 450 475
    500 530 560 600 630 670 710 750 800 850 900 950`,
);
const R80 = numbersIn(
  `103 109 115 122 128 136 145 155 165 175 185 195 206 218 230 243 258 272 290 307 325 345 365 387 412 437 462
    487 515 545 575 615 650 690 730 775 825 875 925 975`,
);
const E24 = numbersIn(`10 11 12 13 15 16 18 20 22 24 27 30 33 36 39 43 47 51 56 62 68 75 82 91`);
const E192 = numbersIn(
  `100 101 102 104 105 106 107 109 110 111 113 114 115 117 118 120 121 123 124 126 127 129 130 132 133 135 137
    138 140 142 143 145 147 149 150 152 154 156 158 160 162 164 165 167 169 172 174 176 178 180 182 184 187 189
    191 193 196 198 200 203 205 208 210 213 215 218 221 223 226 229 232 234 237 240 243 246 249 252 255 258 261
    264 267 271 274 277 280 284 287 291 294 298 301 305 309 312 316 320 324 328 332 336 340 344 348 352 357 361
    365 370 374 379 383 388 392 397 402 407 412 417 422 427 432 437 442 448 453 459 464 470 475 481 487 493 499
    505 511 517 523 530 536 542 549 556 562 569 576 583 590 597 604 612 619 626 634 642 649 657 665 673 681 690
    698 706 715 723 732 741 750 759 768 777 787 796 806 816 825 835 845 856 866 876 887 898 909 920 931 942 953
    965 976 988`,
);

const everyNth = (series: readonly number[], n: number): readonly number[] => series.filter((_one, at) => at % n === 0);

const SERIES: Readonly<Record<string, readonly number[]>> = {
  R5: everyNth(R20, 4).map((number) => number / 10),
  R10: everyNth(R20, 2),
  R20,
  R40,
  R80,
  '1-2-5': [10, 20, 50],
  E6: everyNth(E24, 4),
  E12: everyNth(E24, 2),
  E24,
  E48: everyNth(E192, 4),
  E96: everyNth(E192, 2),
  E192,
};

/** The rounding of a granularity. Errors: 40261 for what is no text, 40257 for one that nobody knows. */
export function roundingOf(granularity: unknown): Rounding {
  if (typeof granularity !== 'string')
    throw refuse(
      40_261,
      `The $bucketAuto 'granularity' field must be a string, but found type: ${typeNameOf(granularity)}`,
    );
  const series = Object.hasOwn(SERIES, granularity) ? SERIES[granularity] : undefined;
  if (series === undefined && granularity !== 'POWERSOF2')
    throw refuse(40_257, `Unknown rounding granularity '${granularity}'`);
  const up = series === undefined ? powerAbove : (number: number) => nextAbove(number, series);
  const down = series === undefined ? powerBelow : (number: number) => nextBelow(number, series);
  const rounded = (round: (number: number) => number) => (value: unknown) =>
    toDouble(value) === 0 ? value : workingDouble(round(toDouble(value)));
  return { up: rounded(up), down: rounded(down) };
}

/** Errors: MongoDB's for what cannot be rounded; decimals are rounded as doubles nowhere, and so not at all. */
export function checkRoundable(value: unknown): void {
  if (numberKind(value) === null)
    throw refuse(
      40_258,
      `$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a value with type: ${typeNameOf(value)}`,
    );
  if (value instanceof Decimal128)
    throw new ServerError('NotImplemented', 'The sandbox server rounds no boundaries that are decimals');
  if (Number.isNaN(toDouble(value)))
    throw refuse(40_259, "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a NaN");
  if (toDouble(value) < 0)
    throw refuse(40_260, "$bucketAuto can specify a 'granularity' with non-negative numbers only");
}

function powerAbove(number: number): number {
  return 2 ** (Math.floor(Math.log2(number)) + 1);
}

function powerBelow(number: number): number {
  return 2 ** (Math.ceil(Math.log2(number)) - 1);
}

/** The least number of the series, times a power of ten, that is greater. */
function nextAbove(number: number, series: readonly number[]): number {
  const [first, last] = [series[0] ?? 1, series.at(-1) ?? 1];
  let scale = 1;
  while (number >= last * scale) scale *= 10;
  while (number < first * scale) {
    const before = first * scale;
    scale /= 10;
    if (number >= last * scale) return before;
  }
  return (series.find((one) => number < one * scale) ?? last) * scale;
}

/** The greatest number of the series, times a power of ten, that is less. */
function nextBelow(number: number, series: readonly number[]): number {
  const [first, last] = [series[0] ?? 1, series.at(-1) ?? 1];
  let scale = 1;
  while (number <= first * scale) scale /= 10;
  while (number > last * scale) {
    const before = last * scale;
    scale *= 10;
    if (number <= first * scale) return before;
  }
  return (series.findLast((one) => one * scale < number) ?? first) * scale;
}
