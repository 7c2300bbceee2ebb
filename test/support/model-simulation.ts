import { proveChargeStatus } from '#domain/charge.ts';
import type { Books } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';
import type { NewJob } from './job-builder.ts';
import { operatorProcess, productProcess, runnerProcess, topUpProcess } from './model-actors.ts';
import { auditorProcess } from './model-auditor.ts';
import { SeededRandom } from './model-random.ts';
import { ModelWatch } from './model-watch.ts';
import { ModelWorld, NO_FAULTS, type FaultRates } from './model-world.ts';

/** What one seed came to. */
export interface SimulationOutcome {
  readonly seed: number;
  /** What was wrong first, in words; empty where everything held. */
  readonly violations: readonly string[];
  /** Calls of the driver and timers, in all. */
  readonly steps: number;
  readonly jobs: number;
  /** The calls before the violation, newest last. */
  readonly log: readonly string[];
}

const START = new Date('2026-10-01T08:00:00Z');
/** A world at peace comes to rest long before; one that has not is stuck. */
const REST_STEPS_MAX = 6000;
const RUNNERS = 2;

/**
 * Runs one seed: some jobs, runners that crash, people who click, top-ups, a network that loses and repeats, clocks that are
 * set. Everything that must hold is looked at after every step that wrote; then the faults end, and the world must come to
 * rest with every job at an end and every credit accounted for. The same seed gives the same run, step by step.
 */
export async function simulate(seed: number): Promise<SimulationOutcome> {
  const random = new SeededRandom(seed);
  const world = new ModelWorld(random, drawFaults(random), START);
  const watch = new ModelWatch(world.deployment);
  const jobs = drawJobs(random);
  populate(world, jobs);
  let steps = 0;
  const outcome = (violations: readonly string[]): SimulationOutcome => ({
    seed,
    violations,
    steps,
    jobs: jobs.length,
    log: world.log,
  });
  try {
    const chaosSteps = random.between(60, 260);
    for (; steps < chaosSteps + REST_STEPS_MAX; steps += 1) {
      if (steps === chaosSteps) world.faults = NO_FAULTS;
      if (steps >= chaosSteps && isAtRest(watch.books(), jobs.length) && world.running <= RUNNERS) {
        return outcome(wrongAtRest(watch.books()));
      }
      await world.step();
      const found = watch.look();
      if (found.length > 0) return outcome(found);
    }
    return outcome(['the world does not come to rest', ...restless(watch.books())]);
  } catch (cause) {
    return outcome([cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)]);
  }
}

function drawFaults(random: SeededRandom): FaultRates {
  // Some worlds have one kind of trouble in plenty, others a little of each.
  const rate = (): number => (random.chance(0.3) ? random.next() * 0.15 : random.next() * 0.04);
  return {
    cutBefore: rate(),
    cutAfter: rate(),
    twice: rate(),
    refused: rate(),
    crash: rate() / 3,
    clock: random.chance(0.3) ? 0.01 : 0,
  };
}

function drawJobs(random: SeededRandom): readonly NewJob[] {
  return Array.from({ length: random.between(1, 4) }, (_, n) => ({
    id: `j${n}`,
    workspaceId: random.pick(['w1', 'w2']),
    priceCredits: random.pick([0, 50, 100, 100]),
    priority: random.between(0, 1),
    maxAttempts: random.between(1, 4),
    createdAt: START,
  }));
}

function populate(world: ModelWorld, jobs: readonly NewJob[]): void {
  const { random } = world;
  const ids = jobs.map((job) => job.id);
  for (let n = 0; n < RUNNERS; n += 1) {
    world.spawn(`r${n}`, (process) => runnerProcess(world, process), { restarts: true });
  }
  // The product and whoever grants credit try again until it is done, whatever becomes of their machine.
  world.spawn('product', (process) => productProcess(world, process, jobs), { restarts: true });
  ['w1', 'w2'].forEach((workspaceId, index) => {
    for (let n = 1; n <= random.between(1, 2); n += 1) {
      const credits = random.pick([0, 60, 100, 250, 1000]);
      const topUp = { workspaceId, credits, n };
      world.spawn(`grant${index}${n}`, (process) => topUpProcess(world, process, topUp), { restarts: true });
    }
  });
  for (let n = 0; n < random.between(0, 2); n += 1) {
    world.spawn(`person${n}`, (process) => operatorProcess(world, process, ids));
  }
  if (random.chance(0.5)) world.spawn('auditor', (process) => auditorProcess(world, process));
}

function isAtRest(books: Books, jobs: number): boolean {
  return books.jobs.length === jobs && restless(books).length === 0;
}

/** What still has to happen. */
function restless(books: Books): readonly string[] {
  const posting = books.accounts.filter((account) => Object.keys(account.posting).length > 0);
  return [
    ...posting.map((account) => `the account ${account._id} has entries that are not in the ledger`),
    ...books.jobs.filter((job) => !isJobAtRest(job, books)).map((job) => `the job ${job._id} is ${job.state}`),
  ];
}

function isJobAtRest(job: Job, books: Books): boolean {
  if (job.state === 'completed' || job.state === 'failed') return job.billing.pending.length === 0;
  const account = books.accounts.find((one) => one._id === job.workspaceId);
  const isPaid = account?.holds[job.billing.generationId] !== undefined;
  const isAffordable = (account?.available ?? 0) >= job.billing.price;
  return job.state === 'queued' && job.billing.blocked !== null && !isPaid && !isAffordable;
}

function wrongAtRest(books: Books): readonly string[] {
  return books.jobs.flatMap((job) => {
    const { billing } = job;
    const entries = books.ledger.filter((entry) => entry.generationId === billing.generationId);
    const account = books.accounts.find((one) => one._id === job.workspaceId);
    const hold = account?.holds[billing.generationId]?.credits ?? 0;
    const proof = proveChargeStatus(billing, entries, hold);
    const isRight = proof.status === billing.status && proof.status !== 'unknown';
    const isHeld = billing.reserved > 0 || hold > 0;
    return [
      ...(isRight ? [] : [`${job._id} says ${billing.status}, proved is ${proof.status}: ${proof.evidence.join(' ')}`]),
      ...(isHeld ? [`${job._id} is ${job.state} with ${billing.reserved} reserved and ${hold} held`] : []),
    ];
  });
}
