import { setTimeout as delay } from 'node:timers/promises';
import { planChange } from '#domain/transition.ts';
import { expectOk } from '../support/expect-ok.ts';
import { grant } from '../support/job-builder.ts';
import type { SeededRandom } from '../support/model-random.ts';
import { jobsOfRound, WORKSPACES } from './fault-jobs.ts';
import type { FaultWorld } from './fault-world.ts';

const GRANT_CREDITS = 1_000_000;
const POOR_CREDITS = 100;
const FAULTS = { min: 16, max: 32 };
const PAUSE_MS = { min: 20, max: 250 };
/**
 * A job that has not come to its end this long after the last fault is stuck. Long, because on a machine that is short of time
 * runners lose their leases again and again; it is waited out only where something is stuck.
 */
const REST_MS_MAX = 240_000;
const LOOK_MS = 150;
/** Processes need a while to begin on a busy machine. */
const BEGIN_MS_MAX = 30_000;

/** One round: jobs are ordered, everything breaks for some seconds, then nothing any more. @returns the ids that were acknowledged */
export async function runRound(
  world: FaultWorld,
  round: number,
  jobs: number,
  random: SeededRandom,
): Promise<readonly string[]> {
  const { writer } = world.store;
  for (const workspaceId of WORKSPACES) {
    const credits = workspaceId === 'poor' ? POOR_CREDITS : GRANT_CREDITS;
    expectOk(await writer.postEntry(grant(workspaceId, credits, 2 * round)));
  }
  const ordered = jobsOfRound(round, jobs, random, expectOk(await world.store.reader.serverNow()));
  expectOk(await writer.insertJobs(ordered));
  const ids = ordered.map((job) => job._id);
  world.startRunners();
  await untilBegun(world, ids);
  for (let left = random.between(FAULTS.min, FAULTS.max); left > 0; left -= 1) {
    await delay(random.between(PAUSE_MS.min, PAUSE_MS.max));
    await breakSomething(world, ids, random);
  }
  await world.makePeace();
  expectOk(await writer.postEntry(grant('poor', GRANT_CREDITS, 2 * round + 1)));
  expectOk(await writer.unblock('poor'));
  await comeToRest(world, ids);
  return ids;
}

/** Waits until somebody works: what is broken before anything is under way breaks nothing. */
async function untilBegun(world: FaultWorld, ids: readonly string[]): Promise<void> {
  const until = performance.now() + BEGIN_MS_MAX;
  while (performance.now() < until) {
    if ((await world.readJobs(ids)).some(({ attempt }) => attempt > 0)) return;
    world.reviveRunners();
    await delay(LOOK_MS);
  }
}

async function breakSomething(world: FaultWorld, ids: readonly string[], random: SeededRandom): Promise<void> {
  const drawn = random.next();
  world.reviveRunners();
  if (drawn < 0.1) await world.killRunner();
  else if (drawn < 0.25) await world.doomRunner();
  else if (drawn < 0.3) world.freezeRunner();
  else if (drawn < 0.6) world.cut();
  else if (drawn < 0.7) await world.restartServer();
  else if (drawn < 0.85) world.refuse();
  else await cancelTwice(world, random.pick(ids));
}

/** Two people cancel one job at the same moment; whether either succeeds is the server's to say. */
async function cancelTwice(world: FaultWorld, jobId: string): Promise<void> {
  const read = await world.store.reader.readJob(jobId);
  if (!read.ok || read.value?.type !== 'job') return;
  const { job } = read.value;
  await Promise.all(
    ['person-1', 'person-2'].map(async (id) => {
      const failure = { class: 'cancelled', code: 'cancelled', message: 'not wanted' } as const;
      const event = { type: 'fail', failure, charge: 'release', providerCost: null, validation: null } as const;
      const change = planChange(job, event, { actor: { type: 'user', id }, reason: 'cancel', policyVersion: 2 });
      if (change.ok) await world.store.writer.applyChanges([change.value]);
    }),
  );
  await world.store.writer.settle([jobId]);
}

/** Sweeps as an operator would, until nothing is left to do or the time is over; who judges afterwards sees what is stuck. */
async function comeToRest(world: FaultWorld, ids: readonly string[]): Promise<void> {
  const until = performance.now() + REST_MS_MAX;
  while (performance.now() < until) {
    expectOk(await world.store.writer.sweep({ limit: 10_000, olderThanMs: 0, isDryRun: false }));
    if (await world.isAtRest(ids)) return;
    // Who was doomed dies late sometimes, and what is poisonous takes its runner with it: something starts another one.
    world.reviveRunners();
    await delay(LOOK_MS);
  }
}
