import { Command } from 'commander';
import { wholeNumber } from '#cli/whole-number.ts';
import { simulate } from '../support/model-simulation.ts';

/** `npm run simulate`: seeds of the simulation, one or many; prints the first that fails with what led to it. */
const LOG_LINES_SHOWN = 120;

const options = new Command('simulate')
  .description("Runs the store's and the domain's own code on a virtual clock over a faulty deployment, seed by seed.")
  .option('--seed <n>', 'the first seed', wholeNumber(0, 1_000_000_000), 1)
  .option('--runs <n>', 'how many seeds, one after the other', wholeNumber(1, 1_000_000_000), 1)
  .parse()
  .opts<{ seed: number; runs: number }>();

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
