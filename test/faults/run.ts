import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { wholeNumber } from '#cli/whole-number.ts';
import { SeededRandom } from '../support/model-random.ts';
import { SHOP_MAPPING } from '../support/shop-mapping.ts';
import { runCopyRounds } from './copy-command.ts';
import { runRound } from './fault-round.ts';
import { FaultWorld } from './fault-world.ts';
import { runPlanRound } from './plan-round.ts';
import { judge, type Verdict } from './verdict.ts';

interface Options {
  readonly rounds: number;
  readonly jobs: number;
  readonly plans: number;
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
  .option('--rounds <n>', 'how many rounds', wholeNumber(0, 1_000_000_000), 20)
  .option('--jobs <n>', 'jobs of each round', wholeNumber(1, 1_000_000_000), 40)
  .option('--plans <n>', 'how many rounds of overlapping plans behind them', wholeNumber(0, 1_000_000), 2)
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

/** Rounds, deeds and findings so far; the four that must stay 0 are counted over all jobs of all rounds. */
async function run(): Promise<number> {
  const random = new SeededRandom(options.seed);
  const world = await FaultWorld.open(options.uri ?? null, random, options.mapped === true ? SHOP_MAPPING : null);
  const acknowledged: string[] = [];
  let verdict: Verdict | null = null;
  let rounds = 0;
  console.error(`seed ${options.seed}, ${world.store.reader.topology.server}`);
  try {
    while (rounds < options.rounds && (verdict === null || isClean(verdict))) {
      rounds += 1;
      const startedAt = performance.now();
      acknowledged.push(...(await runRound(world, rounds, options.jobs, random)));
      verdict = judge(await world.readBooks(), acknowledged, world.provider.boughtTwice());
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.error(`round ${rounds}: ${seconds} s, ${verdict.findings.length} findings`);
      for (const finding of verdict.findings.slice(0, 20)) console.error(`  ${finding}`);
      if (!isClean(verdict)) console.error(world.errors());
    }
    let [planRounds, plannedJobs, consoleKills] = [0, 0, 0];
    while (planRounds < options.plans && (verdict === null || isClean(verdict))) {
      planRounds += 1;
      const startedAt = performance.now();
      const round = await runPlanRound(world, planRounds, options.jobs, random);
      acknowledged.push(...round.ids);
      plannedJobs += round.ids.length;
      consoleKills += round.consoleKills;
      const judged = judge(await world.readBooks(), acknowledged, world.provider.boughtTwice());
      verdict = { ...judged, findings: [...judged.findings, ...round.findings] };
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.error(
        `plans ${planRounds}: ${seconds} s, ${round.consoleKills} consoles killed, ${verdict.findings.length} findings`,
      );
      for (const finding of verdict.findings.slice(0, 20)) console.error(`  ${finding}`);
    }
    const { findings: _, ...counts } = verdict ?? judge({ jobs: [], accounts: [], ledger: [] }, [], []);
    const { kills, restarts, freezes, killPoints } = world.deeds;
    const report = {
      rounds,
      kills: kills + restarts,
      cuts: world.proxy.cuts(),
      jobs: acknowledged.length,
      planRounds,
      plannedJobs,
      consoleKills,
      ...counts,
      serverRestarts: restarts,
      freezes,
      killPoints,
      refusals: Object.fromEntries(world.proxy.refusals()),
      providerSales: world.provider.sold(),
      isMapped: options.mapped === true,
      seed: options.seed,
      server: world.store.reader.topology.server,
    };
    if (options.json === true) console.log(JSON.stringify(report));
    else for (const [name, value] of Object.entries(report)) console.log(name.padEnd(20), value);
    return verdict !== null && isClean(verdict) ? 0 : 1;
  } finally {
    await world.close();
  }
}

function isClean(verdict: Verdict): boolean {
  return verdict.findings.length === 0;
}

process.exitCode =
  options.copy === true ? await runCopyRounds({ ...options, isJson: options.json === true }) : await run();
