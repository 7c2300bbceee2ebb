import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { SeededRandom } from '../support/model-random.ts';
import { runRound } from './fault-round.ts';
import { FaultWorld } from './fault-world.ts';
import { runPlanRound } from './plan-round.ts';
import { judge, type Verdict } from './verdict.ts';

/** What one lane has to do: rounds of faults, and rounds of overlapping plans behind them. */
export interface LaneTask {
  /** What its lines begin with; empty where it is the only one. */
  readonly name: string;
  readonly rounds: number;
  readonly plans: number;
  readonly jobs: number;
  readonly seed: number;
  /** A server on loopback; null for a sandbox of its own. */
  readonly uri: string | null;
  readonly mapping: JobMapping | null;
}

/** What a lane did and found; numbers, and numbers by name, are added up over lanes. */
export interface LaneReport {
  readonly counts: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
  readonly findings: number;
  readonly server: string;
}

/**
 * Runs rounds on a deployment of its own, one after the other, and judges all of it after each.
 *
 * @param isOver asked before each round: true once another lane has found something
 */
export async function runLane(task: LaneTask, isOver: () => boolean): Promise<LaneReport> {
  const random = new SeededRandom(task.seed);
  const world = await FaultWorld.open(task.uri, random, task.mapping);
  const { server } = world.store.reader.topology;
  const acknowledged: string[] = [];
  const done = { rounds: 0, planRounds: 0, plannedJobs: 0, consoleKills: 0 };
  let verdict = judge({ jobs: [], accounts: [], ledger: [] }, [], []);
  const mayGoOn = (): boolean => verdict.findings.length === 0 && !isOver();
  const judged = async (): Promise<Verdict> =>
    judge(await world.readBooks(), acknowledged, world.provider.boughtTwice());
  console.error(`${task.name}seed ${task.seed}, ${server}`);
  try {
    while (done.rounds < task.rounds && mayGoOn()) {
      done.rounds += 1;
      const startedAt = performance.now();
      acknowledged.push(...(await runRound(world, done.rounds, task.jobs, random)));
      verdict = await judged();
      tell(`${task.name}round ${done.rounds}: ${secondsSince(startedAt)} s`, verdict);
      if (verdict.findings.length > 0) console.error(world.errors());
    }
    while (done.planRounds < task.plans && mayGoOn()) {
      done.planRounds += 1;
      const startedAt = performance.now();
      const { ids, consoleKills, findings } = await runPlanRound(world, done.planRounds, task.jobs, random);
      acknowledged.push(...ids);
      done.plannedJobs += ids.length;
      done.consoleKills += consoleKills;
      const books = await judged();
      verdict = { ...books, findings: [...books.findings, ...findings] };
      tell(
        `${task.name}plans ${done.planRounds}: ${secondsSince(startedAt)} s, ${consoleKills} consoles killed`,
        verdict,
      );
    }
    const { findings, ...counts } = verdict;
    const { kills, restarts, freezes, killPoints } = world.deeds;
    return {
      counts: {
        rounds: done.rounds,
        kills: kills + restarts,
        cuts: world.proxy.cuts(),
        jobs: acknowledged.length,
        planRounds: done.planRounds,
        plannedJobs: done.plannedJobs,
        consoleKills: done.consoleKills,
        ...counts,
        serverRestarts: restarts,
        freezes,
        killPoints,
        refusals: Object.fromEntries(world.proxy.refusals()),
        providerSales: world.provider.sold(),
      },
      findings: findings.length,
      server,
    };
  } finally {
    await world.close();
  }
}

/** Lays the counts of lanes together. */
export function addCounts(reports: readonly LaneReport[]): LaneReport['counts'] {
  const sums: Record<string, number | Record<string, number>> = {};
  for (const [name, value] of reports.flatMap(({ counts }) => Object.entries(counts))) {
    const before = sums[name];
    if (typeof value === 'number') sums[name] = value + (typeof before === 'number' ? before : 0);
    else {
      const byName: Record<string, number> = typeof before === 'object' ? before : {};
      for (const [key, count] of Object.entries(value)) byName[key] = (byName[key] ?? 0) + count;
      sums[name] = byName;
    }
  }
  return sums;
}

function tell(what: string, { findings }: Verdict): void {
  console.error(`${what}, ${findings.length} findings`);
  for (const finding of findings.slice(0, 20)) console.error(`  ${finding}`);
}

function secondsSince(startedAt: number): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}
