import { Command } from 'commander';
import { wholeNumber } from '#cli/whole-number.ts';
import { simulateFleet } from '../support/model-fleet.ts';
import { simulate } from '../support/model-simulation.ts';

/**
 * `npm run simulate`: seeds of the simulation, one or many; prints the first that fails with what led to it. With `--fleet N`:
 * what up to N runners do to one deployment, counted.
 */
const LOG_LINES_SHOWN = 120;

const options = new Command('simulate')
  .description("Runs the store's and the domain's own code on a virtual clock over a faulty deployment, seed by seed.")
  .option('--seed <n>', 'the first seed', wholeNumber(0, 1_000_000_000), 1)
  .option('--runs <n>', 'how many seeds, one after the other', wholeNumber(1, 1_000_000_000), 1)
  .option('--fleet <n>', 'instead: what so many runners do to one deployment', wholeNumber(1, 512))
  .parse()
  .opts<{ seed: number; runs: number; fleet?: number }>();

/** How busy each fleet is made: runners with few places each on few workspaces, which is where they meet. */
const FLEET = { concurrency: 2, jobs: 192, workspaces: 8 } as const;
const FLEET_SIZES = [1, 8, 64, 256] as const;

async function runFleets(runners: number, seed: number): Promise<void> {
  for (const size of [...FLEET_SIZES.filter((smaller) => smaller < runners), runners]) {
    const heat = await simulateFleet({ ...FLEET, runners: size, seed });
    const { statementsPerJob, accountWritesPerJob, accountConflicts, hottestAccountShare } = heat;
    console.log(
      `${size} runners: ${statementsPerJob.toFixed(1)} statements a job, of them ${heat.looksPerJob.toFixed(1)} reads and ` +
        `${accountWritesPerJob.toFixed(2)} writes of accounts, ${(100 * accountConflicts).toFixed(0)} % of these refused; ` +
        `the hottest account takes ${(100 * hottestAccountShare).toFixed(1)} % of all; ` +
        `${heat.lostClaimsPerJob.toFixed(2)} claims a job came second`,
    );
  }
}

async function runSeeds(): Promise<void> {
  const startedAt = performance.now();
  let steps = 0;
  for (let seed = options.seed; seed < options.seed + options.runs; seed += 1) {
    const outcome = await simulate(seed);
    steps += outcome.steps;
    if (outcome.violations.length === 0) continue;
    console.log(outcome.log.slice(-LOG_LINES_SHOWN).join('\n'));
    console.log(`\nseed ${seed}: after ${outcome.steps} steps\n${outcome.violations.join('\n')}`);
    process.exitCode = 1;
    break;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${options.runs} seeds from ${options.seed}, ${steps} steps, ${seconds.toFixed(1)} s`);
}

if (options.fleet === undefined) await runSeeds();
else await runFleets(options.fleet, options.seed);
