import type { AppError } from '#domain/errors.ts';
import { proveChargeStatus } from '#domain/charge.ts';
import type { FailureClass } from '#domain/failure.ts';
import { parseJob, type Job, type LeasedJob } from '#domain/job.ts';
import { ledgerEntrySchema, creditAccountSchema } from '#domain/ledger.ts';
import type { Result } from '#domain/result.ts';
import { DEFAULT_RETRY_POLICY, decideRetry } from '#domain/retry-policy.ts';
import { applyChange, planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { failureEvent } from '#runner/attempt.ts';
import { grant, queuedJob, type NewJob } from './job-builder.ts';
import { cloned } from './model-collections.ts';
import { acceptanceOf } from './model-watch.ts';
import type { ModelProcess, ModelWorld } from './model-world.ts';

const LEASE_MS = 10_000;
const POLICY = DEFAULT_RETRY_POLICY;
/** How often a call whose reply was lost is repeated before whoever made it gives up. */
const TRIES_MAX = 3;

/** Repeats a call as long as its failure may pass; null when it was given up. */
async function persist<Value>(
  process: ModelProcess,
  call: () => Promise<Result<Value, AppError>>,
): Promise<Value | null> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const result = await call();
    if (result.ok) return result.value;
    await process.wait(200);
  }
  return null;
}

/** Applies one change as a runner or an operator does, a lost reply included. @returns whether it stands */
async function apply(process: ModelProcess, change: JobChange): Promise<boolean> {
  const results = await persist(process, () => process.store.applyChanges([change]));
  return results?.[0]?.ok === true;
}

/** A runner: claims, drives attempts that end in every way there is, rescues, sweeps; for ever. */
export async function runnerProcess(world: ModelWorld, process: ModelProcess): Promise<void> {
  const { store } = process;
  const { random } = world;
  for (;;) {
    if (random.chance(0.4)) await store.rescueExpired({ limit: 3, decide: (job) => planRescue(world, process, job) });
    if (random.chance(0.4)) await store.sweep({ limit: 5, olderThanMs: 5000, isDryRun: random.chance(0.1) });
    if (random.chance(0.3)) await store.reserveDue({ limit: random.between(1, 5) });
    const claimed = await store.claimBatch({ runnerId: process.name, limit: random.between(1, 3), leaseMs: LEASE_MS });
    for (const job of claimed.ok ? claimed.value : []) process.also(() => attempt(world, process, job));
    const due = await store.nextDueInMs();
    const restMs = due.ok && due.value !== null ? Math.min(due.value + 10, 60_000) : 8000;
    await process.wait(random.chance(0.5) ? random.between(50, 2000) : restMs);
  }
}

function planRescue(world: ModelWorld, process: ModelProcess, job: LeasedJob): JobChange | null {
  const lost = { class: 'temporary', code: 'lease_expired', message: 'not heard of' } as const;
  return planFailure(world, process, job, lost);
}

function planFailure(
  world: ModelWorld,
  process: ModelProcess,
  job: LeasedJob,
  failure: { readonly class: FailureClass; readonly code: string; readonly message: string },
): JobChange | null {
  const context = { policy: POLICY, random: world.random.next };
  const what = { retryAfterMs: 0, providerCost: null, validation: null };
  const { event, reason, policyVersion } = failureEvent(job, failure, what, context);
  const actor = { type: 'runner', id: process.name } as const;
  const change = planChange(job, event, { actor, reason, policyVersion });
  return change.ok ? change.value : null;
}

async function attempt(world: ModelWorld, process: ModelProcess, job: LeasedJob): Promise<void> {
  const { random } = world;
  const lease = { jobId: job._id, token: job.lease.token };
  // A provider that takes its time to accept, past the end of the lease sometimes.
  if (random.chance(0.2)) await process.wait(random.between(10, LEASE_MS * 3));
  if (random.chance(0.7)) await process.store.recordAcceptance(lease, acceptanceOf(job._id, lease.token));
  if (random.chance(0.5)) await process.wait(random.between(10, LEASE_MS * 1.5));
  if (random.chance(0.4)) await process.store.heartbeat([lease], LEASE_MS);
  if (random.chance(0.2)) await process.store.recordProgress([{ ...lease, fraction: random.next(), message: '$half' }]);
  const isGenerated = random.chance(0.7);
  const held = isGenerated ? await advance(process, job, { type: 'generated' }) : job;
  if (held === null) return;
  if (random.chance(0.3)) await process.wait(random.between(10, LEASE_MS));
  const change =
    isGenerated && random.chance(0.75) ? planCompletion(world, process, held) : planEnd(world, process, held);
  if (change === null || !(await apply(process, change))) return;
  if (change.owes.length > 0 && random.chance(0.8)) await process.store.settle([job._id]);
}

async function advance(process: ModelProcess, job: LeasedJob, event: JobEvent): Promise<LeasedJob | null> {
  const actor = { type: 'runner', id: process.name } as const;
  const change = planChange(job, event, { actor, reason: event.type, policyVersion: null });
  if (!change.ok || !(await apply(process, change.value))) return null;
  const after = applyChange(job, change.value, new Date(0));
  return after?.state === 'validating' ? after : null;
}

function planCompletion(world: ModelWorld, process: ModelProcess, job: LeasedJob): JobChange | null {
  const finalCredits = world.random.chance(0.7) ? null : world.random.between(0, job.billing.price);
  const event: JobEvent = {
    type: 'complete',
    output: { uri: 'artefact://a', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
    validation: { passed: true, checks: [] },
    providerCost: 10,
    finalCredits,
  };
  const actor = { type: 'runner', id: process.name } as const;
  const change = planChange(job, event, { actor, reason: 'complete', policyVersion: null });
  return change.ok ? change.value : null;
}

function planEnd(world: ModelWorld, process: ModelProcess, job: LeasedJob): JobChange | null {
  const failureClass = world.random.pick<FailureClass>([
    'temporary',
    'rate_limit',
    'validation',
    'input',
    'policy',
    'unknown',
  ]);
  return planFailure(world, process, job, { class: failureClass, code: 'c', message: 'went wrong' });
}

/** The product: inserts its jobs, each as often as it takes. */
export async function productProcess(world: ModelWorld, process: ModelProcess, jobs: readonly NewJob[]): Promise<void> {
  for (const job of jobs) {
    await process.wait(world.random.between(0, 3000));
    const inserted = { ...queuedJob(job), createdAt: new Date(world.deployment.nowMs) };
    while ((await persist(process, () => process.store.insertJobs([inserted]))) === null) await process.wait(1000);
  }
}

/** Credits for a workspace; `n` makes the key. */
export interface TopUp {
  readonly workspaceId: string;
  readonly credits: number;
  readonly n: number;
}

/** A top-up, whose key makes it one however often it is sent; jobs that waited for it are let go on. */
export async function topUpProcess(world: ModelWorld, process: ModelProcess, topUp: TopUp): Promise<void> {
  const { workspaceId, credits, n } = topUp;
  await process.wait(world.random.between(0, 30_000));
  const entry = grant(workspaceId, credits, n);
  const times = world.random.chance(0.3) ? 2 : 1;
  for (let time = 0; time < times; time += 1) {
    while ((await persist(process, () => process.store.postEntry(entry))) === null) await process.wait(1000);
  }
  await process.store.unblock(workspaceId);
}

/** A person: looks at a job, then cancels it, or starts it again where that is allowed; sometimes clicks twice. */
export async function operatorProcess(
  world: ModelWorld,
  process: ModelProcess,
  jobIds: readonly string[],
): Promise<void> {
  const { random } = world;
  for (let clicks = random.between(1, 3); clicks > 0; clicks -= 1) {
    await process.wait(random.between(0, 40_000));
    const job = readJob(world, random.pick(jobIds));
    if (job === null) continue;
    const change = job.state === 'failed' ? planRequeue(world, process, job) : planCancel(process, job);
    if (change === null) continue;
    const click = async (): Promise<void> => {
      const isDone = await apply(process, change);
      if (isDone && change.owes.length > 0) await process.store.settle([job._id]);
    };
    if (random.chance(0.3)) process.also(click);
    await click();
  }
}

/** What the person's window shows: read at once, acted upon later. */
function readJob(world: ModelWorld, jobId: string): Job | null {
  const document = world.deployment.jobs.documents.get(jobId);
  const parsed = document === undefined ? null : parseJob(cloned(document));
  return parsed?.ok === true ? parsed.value : null;
}

function planCancel(process: ModelProcess, job: Job): JobChange | null {
  const event: JobEvent = {
    type: 'fail',
    failure: { class: 'cancelled', code: 'cancelled', message: 'not wanted any more' },
    charge: POLICY.classes.cancelled.charge,
    providerCost: null,
    validation: null,
  };
  const change = planChange(job, event, {
    actor: { type: 'user', id: process.name },
    reason: 'cancel',
    policyVersion: 1,
  });
  return change.ok ? change.value : null;
}

function planRequeue(world: ModelWorld, process: ModelProcess, job: Job): JobChange | null {
  if (job.state !== 'failed') return null;
  const { billing } = job;
  const { ledger, accounts } = world.deployment;
  const entries = [...ledger.documents.values()]
    .map((document) => ledgerEntrySchema.parse(document))
    .filter((entry) => entry.generationId === billing.generationId);
  const account = creditAccountSchema.safeParse(accounts.documents.get(job.workspaceId));
  const hold = account.success ? (account.data.holds[billing.generationId]?.credits ?? 0) : 0;
  const verdict = decideRetry({
    job: { ...job, inputHash: job.input.hash, generationId: billing.generationId },
    failureClass: job.failure.class,
    chargeStatus: proveChargeStatus(billing, entries, hold).status,
    pendingEntries: billing.pending.length,
    asker: { type: 'person', reason: 'worth another try', editedInputHash: null },
    policy: POLICY,
    retryAfterMs: 0,
    random: world.random.next(),
  });
  if (verdict.verdict !== 'retry') return null;
  const event: JobEvent = {
    type: 'requeue',
    generationId: `${job._id}-${process.name}-${job.version}`.replaceAll('.', '_'),
    priceCredits: billing.price,
  };
  const actor = { type: 'user', id: process.name } as const;
  const change = planChange(job, event, { actor, reason: verdict.why, policyVersion: verdict.policyVersion });
  return change.ok ? change.value : null;
}
