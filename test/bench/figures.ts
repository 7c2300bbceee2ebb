import { cpus, totalmem } from 'node:os';
import process from 'node:process';
import { peakMemoryMb } from './peak-memory.ts';

/** One measured thing beside what it is measured against; `ratio` is ours to the peer's (above 1: ours is more). */
export interface BenchCase {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly ratio: number | null;
  /** What the same machine could do at most in the same run. */
  readonly limit: number | null;
  readonly limitName: string | null;
  /** What the project wants of `ours`, `ratio` or the share of the limit, and whether this run has it; null where it wants nothing. */
  readonly aim: string | null;
  readonly isReached: boolean | null;
  /** The lowest and the highest of the rounds whose median `ours` is, where there were several. */
  readonly spread?: readonly [number, number];
  /** The same of the rounds of the peer. */
  readonly peerSpread?: readonly [number, number];
}

/** The first rounds of pages warm both sides and are not counted. */
export const WARMING_ROUNDS = 4;

/** A case, with what is left out filled in. */
export function benchCase(given: Pick<BenchCase, 'name' | 'unit' | 'ours'> & Partial<BenchCase>): BenchCase {
  const peer = given.peer ?? null;
  return {
    peerName: null,
    limit: null,
    limitName: null,
    aim: null,
    isReached: null,
    ...given,
    peer,
    ratio: peer === null || peer === 0 ? null : given.ours / peer,
  };
}

/** A case of several rounds: the medians of ours, of the peer's and of the limit's, and between what they lay. */
export function medianCase(
  given: Omit<Partial<BenchCase>, 'ours' | 'peer' | 'limit'> & {
    readonly name: string;
    readonly unit: string;
    readonly ours: readonly number[];
    readonly peer?: readonly number[];
    readonly limit?: readonly number[];
  },
): BenchCase {
  const { ours, peer, limit, ...others } = given;
  return benchCase({
    ...others,
    ours: quantile(ours, 0.5),
    spread: spreadOf(ours),
    ...(peer === undefined ? {} : { peer: quantile(peer, 0.5), peerSpread: spreadOf(peer) }),
    ...(limit === undefined ? {} : { limit: quantile(limit, 0.5) }),
  });
}

/** The lowest and the highest. */
export function spreadOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** The most memory that a process has had, in MB: its resident set. */
export function peakMemoryCase(name: string, aim?: { readonly megabytes: number }): BenchCase {
  const ours = peakMemoryMb();
  return benchCase({
    name,
    unit: 'MB',
    ours,
    ...(aim === undefined ? {} : { aim: `below ${aim.megabytes} MB`, isReached: ours < aim.megabytes }),
  });
}

/** The value that a share of all is not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN;
}

/** The exponent b of the curve a * size^b that fits best: the slope of a straight line through the logarithms. */
export function fittedExponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const mean = (at: 0 | 1): number => logs.reduce((sum, point) => sum + point[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const slope = logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return slope / logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

/** Three significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** What the figures were measured on. */
export function machineOf(): {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly platform: string;
} {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** A case as a line for people. */
export function lineOf(one: BenchCase): string {
  const beside = [
    ...(one.peer === null
      ? []
      : [`${one.peerName ?? 'peer'} ${rounded(one.peer)}${rangeOf(one.peerSpread)} (${rounded(one.ratio ?? 0)}x)`]),
    ...(one.limit === null
      ? []
      : [`${one.limitName ?? 'limit'} ${rounded(one.limit)} (${Math.round((100 * one.ours) / one.limit)} %)`]),
    ...(one.aim === null ? [] : [`${one.isReached === true ? 'reached' : 'NOT reached'}: ${one.aim}`]),
  ];
  return `${one.name}: ${rounded(one.ours)} ${one.unit}${rangeOf(one.spread)}${beside.length === 0 ? '' : ` · ${beside.join(' · ')}`}`;
}

/** Between what the rounds of a figure lay, for people; nothing where there were none. */
export function rangeOf(spread: readonly [number, number] | undefined): string {
  return spread === undefined ? '' : ` (${spread.map(rounded).join(' to ')})`;
}
