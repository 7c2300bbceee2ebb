import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { Command } from 'commander';
import { wholeNumber } from '#cli/whole-number.ts';
import { EXIT_NO_SERVER, isThere } from '../support/named-server.ts';
import { SHOP_MAPPING } from '../support/shop-mapping.ts';
import { runCopyRounds } from './copy-command.ts';
import { addCounts, runLane } from './lane.ts';

interface Options {
  readonly rounds: number;
  readonly jobs: number;
  readonly plans: number;
  readonly lanes: number;
  readonly seed: number;
  readonly uri?: string;
  readonly copy?: boolean;
  readonly mapped?: boolean;
  readonly json?: boolean;
}

/**
 * `npm run faults`: runners as processes of their own on a real server, which are killed, cut off, lied to and misled about the
 * time; after each round everything must be at its end and every credit accounted for. The seed fixes what is done and when;
 * what the machine makes of it differs from run to run, as with real processes it does.
 */
const options = new Command('faults')
  .description('Breaks runners, consoles and servers on purpose, and counts every credit after each round.')
  .option('--rounds <n>', 'how many rounds', wholeNumber(0, 1_000_000_000), 20)
  .option('--jobs <n>', 'jobs of each round', wholeNumber(1, 1_000_000_000), 40)
  .option('--plans <n>', 'how many rounds of overlapping plans behind them', wholeNumber(0, 1_000_000), 2)
  .option('--lanes <n>', 'share the rounds between so many deployments, which run at once', wholeNumber(1, 16), 1)
  .option(
    '--seed <n>',
    'the seed; drawn and printed unless told',
    wholeNumber(1, 1_000_000_000),
    randomInt(1, 1_000_000),
  )
  .option('--uri <uri>', 'a server on loopback instead of a sandbox; it is not restarted')
  .option('--copy', 'instead of runners, kill the process that keeps an offline copy')
  .option('--mapped', "through a mapping: the documents have a shop's own names, states and forms")
  .option('--json', 'one line of JSON on standard output')
  .parse()
  .opts<Options>();

/** Rounds, deeds and findings; the four that must stay 0 are counted over all jobs of all rounds. */
async function run(): Promise<number> {
  const { rounds, plans, lanes, jobs, seed } = options;
  let isOver = false;
  const reports = await Promise.all(
    Array.from({ length: lanes }, async (_, index) => {
      const report = await runLane(
        {
          name: lanes === 1 ? '' : `lane ${index + 1}, `,
          rounds: shareOf(rounds, index, lanes),
          plans: shareOf(plans, index, lanes),
          jobs,
          seed: seed + index,
          uri: options.uri ?? null,
          mapping: options.mapped === true ? SHOP_MAPPING : null,
        },
        () => isOver,
      );
      isOver ||= report.findings > 0;
      return report;
    }),
  );
  const report = {
    ...addCounts(reports),
    isMapped: options.mapped === true,
    lanes,
    seed,
    server: reports[0]?.server,
  };
  if (options.json === true) console.log(JSON.stringify(report));
  else for (const [name, value] of Object.entries(report)) console.log(name.padEnd(20), value);
  // Where nothing was done nothing was proved.
  return isOver || rounds + plans === 0 ? 1 : 0;
}

/** How many of a whole one of several lanes does. */
function shareOf(whole: number, index: number, lanes: number): number {
  return Math.floor(whole / lanes) + (index < whole % lanes ? 1 : 0);
}

// A signal that nobody listens to ends a process without what it does as it leaves, as ending those that it has started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
if (!(await isThere(options.uri))) process.exitCode = EXIT_NO_SERVER;
else if (options.copy === true) process.exitCode = await runCopyRounds({ ...options, isJson: options.json === true });
else process.exitCode = await run();
