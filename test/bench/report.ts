import { lineOf, machineOf, type BenchCase } from './figures.ts';

/** What a benchmark measured, and on what. */
export interface BenchReport {
  readonly benchmark: string;
  /** The configuration that was in force, as it was found and not as it was wished for. */
  readonly setUp: Readonly<Record<string, unknown>>;
  readonly cases: readonly BenchCase[];
}

/** Prints a report: one line of JSON for machines, or a line for the set-up and one for each case. */
export function printReport({ benchmark, setUp, cases }: BenchReport, isJson: boolean): void {
  if (isJson) {
    console.log(JSON.stringify({ benchmark, at: new Date().toISOString(), machine: machineOf(), setUp, cases }));
    return;
  }
  console.log(`measured on ${setUpText(setUp)}`);
  for (const one of cases) console.log(lineOf(one));
}

/** A set-up for people. */
export function setUpText(setUp: Readonly<Record<string, unknown>>): string {
  return Object.entries(setUp)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ');
}
