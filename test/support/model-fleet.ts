import type { LeasedJob } from '#domain/job.ts';
import { applyChange, planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import type { JobWrite } from '#store/ports.ts';
import { grant, queuedJob } from './job-builder.ts';
import type { ModelCollection } from './model-collections.ts';
import { SeededRandom } from './model-random.ts';
import { NO_FAULTS, ModelWorld, type ModelProcess } from './model-world.ts';

/** What a fleet is, and what it has to do. */
export interface FleetOptions {
  readonly runners: number;
  /** Places of each runner. */
  readonly concurrency: number;
  readonly jobs: number;
  readonly workspaces: number;
  readonly seed: number;
}

/** What the fleet did to the deployment until every job was completed and charged. */
export interface FleetHeat {
  readonly runners: number;
  /** Statements that reached the server, a job. */
  readonly statementsPerJob: number;
  /** Writes of accounts a job, and the share of them that met an account which somebody else had written meanwhile. */
  readonly accountWritesPerJob: number;
  readonly accountConflicts: number;
  /** The share of all statements that the most written account took. */
  readonly hottestAccountShare: number;
  /** Claims of a job that another runner had taken before, a job. */
  readonly lostClaimsPerJob: number;
  /** Looks at the head of the queue, a job. */
  readonly looksPerJob: number;
}

const START = new Date('2026-10-01T08:00:00Z');
const PRICE_CREDITS = 10;
const STEPS_MAX = 5_000_000;
const DONE: JobEvent = {
  type: 'complete',
  output: { uri: 'artefact://a', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
  validation: { passed: true, checks: [] },
  providerCost: 1,
  finalCredits: null,
};

/**
 * Many runners on one deployment in memory, the program's own store in each, calls arriving in any order: what they do to one
 * another is counted, not timed. Throws where the work does not come to its end.
 */
export async function simulateFleet(options: FleetOptions): Promise<FleetHeat> {
  const world = new ModelWorld(new SeededRandom(options.seed), NO_FAULTS, START);
  const { deployment } = world;
  for (let n = 0; n < options.jobs; n += 1) {
    const workspaceId = `w${n % options.workspaces}`;
    deployment.jobs.insert({
      ...queuedJob({ id: `j${n}`, workspaceId, priceCredits: PRICE_CREDITS, createdAt: START }),
    });
  }
  await grantAll(world, options);
  const accounts = countWrites(deployment.accounts);
  const jobs = countWrites(deployment.jobs);
  let left = options.jobs;
  for (let n = 0; n < options.runners; n += 1) {
    world.spawn(`r${n}`, (process) =>
      work(
        process,
        options.concurrency,
        () => left,
        (done) => (left -= done),
      ),
    );
  }
  let steps = 0;
  const before = new Map(world.calls);
  while (world.running > 0 && steps < STEPS_MAX && (await world.step())) steps += 1;
  if (left > 0) throw new Error(`${left} of ${options.jobs} jobs are not over after ${steps} steps`);
  const counts = [...world.calls].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const looks = counts.find(([name]) => name === 'jobs.find')?.[1] ?? 0;
  const hottest = Math.max(...accounts.byId.values());
  return {
    runners: options.runners,
    statementsPerJob: total / options.jobs,
    accountWritesPerJob: accounts.all / options.jobs,
    accountConflicts: accounts.missed / accounts.all,
    hottestAccountShare: hottest / total,
    lostClaimsPerJob: jobs.missed / options.jobs,
    looksPerJob: looks / options.jobs,
  };
}

async function grantAll(world: ModelWorld, { jobs, workspaces }: FleetOptions): Promise<void> {
  world.spawn('product', async ({ store }) => {
    for (let n = 0; n < workspaces; n += 1) await store.postEntry(grant(`w${n}`, jobs * PRICE_CREDITS));
  });
  while (world.running > 0 && (await world.step()));
}

/** A runner whose attempts take no time: it claims, completes and settles until nothing is left. */
async function work(
  { name, store, wait }: ModelProcess,
  limit: number,
  left: () => number,
  finished: (jobs: number) => void,
): Promise<void> {
  while (left() > 0) {
    const claimed = await store.claimBatch({ runnerId: name, limit, leaseMs: 600_000 });
    const jobs = claimed.ok ? claimed.value : [];
    if (jobs.length === 0) {
      await wait(10);
      continue;
    }
    const written = await store.applyWrites(jobs.flatMap((job) => endingOf(job, name)));
    if (!written.ok || written.value.some((result) => !result.ok))
      throw new Error(`${name} could not complete its jobs`);
    const settled = await store.settle(jobs.map((job) => job._id));
    if (!settled.ok) throw new Error(`${name}: ${settled.error.code}`);
    finished(jobs.length);
  }
}

function endingOf(job: LeasedJob, runnerId: string): readonly JobWrite[] {
  const generated = plan(job, { type: 'generated' }, runnerId);
  const after = applyChange(job, generated, START);
  if (after?.state !== 'validating') throw new Error('a claimed job can be generated');
  return [
    { type: 'change', change: generated },
    { type: 'change', change: plan(after, DONE, runnerId) },
  ];
}

function plan(job: LeasedJob, event: JobEvent, runnerId: string): JobChange {
  const change = planChange(job, event, {
    actor: { type: 'runner', id: runnerId },
    reason: event.type,
    policyVersion: null,
  });
  if (!change.ok) throw new Error('a legal change');
  return change.value;
}

interface Writes {
  all: number;
  /** Those whose guard did not hold. */
  missed: number;
  readonly byId: Map<string, number>;
}

/** Counts what is written to a collection from now on. */
function countWrites(collection: ModelCollection): Writes {
  const writes: Writes = { all: 0, missed: 0, byId: new Map() };
  const original = collection.updateOne.bind(collection);
  collection.updateOne = (filter, update) => {
    const done = original(filter, update);
    writes.all += 1;
    if (done.matched === 0) writes.missed += 1;
    const id = String(filter['_id']);
    writes.byId.set(id, (writes.byId.get(id) ?? 0) + 1);
    return done;
  };
  return writes;
}
