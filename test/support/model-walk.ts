import fc from 'fast-check';
import { owedForReservation, settlePending } from '#domain/charge.ts';
import { failureClassSchema, type Classified } from '#domain/failure.ts';
import type { Job, Output, Validation } from '#domain/job.ts';
import { applyChange, planChange, type JobChange, type JobEvent } from '#domain/transition.ts';
import { queuedJob } from './job-builder.ts';

/** Text as hostile as a provider or a person may send it: expressions of MongoDB, markup, controls, any Unicode. */
export const hostileText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('$price', '$$NOW', '$$ROOT', '{"$set":{}}', 'a.b.c', '__proto__', '', ' ', '<script>', '$literal'),
);

/** Any failure that a classifier could hand over. */
const classifiedFailure: fc.Arbitrary<Classified> = fc.record({
  class: fc.constantFrom(...failureClassSchema.options),
  code: fc.constantFrom('http_503', 'check_parts', 'lease_expired', '$code'),
  message: hostileText,
});

const validation: fc.Arbitrary<Validation> = fc.record({
  passed: fc.boolean(),
  checks: fc.array(
    fc.record({
      name: fc.constantFrom('parses', 'parts', '$size'),
      passed: fc.boolean(),
      severity: fc.constantFrom('error' as const, 'warning' as const),
      message: hostileText,
    }),
    { maxLength: 3 },
  ),
});

const output: fc.Arbitrary<Output> = fc.record({
  uri: fc.constantFrom('artefact://a.html', '$uri'),
  mime: fc.constantFrom('text/html', 'image/png'),
  bytes: fc.nat({ max: 5_000_000 }),
  sha256: fc.constantFrom('a'.repeat(64), '0'.repeat(64)),
});

const cost = fc.option(fc.nat({ max: 100_000 }), { nil: null });

/** Any event with what it brings, legal or not in the state that it will meet. */
export const jobEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('claim' as const),
      runnerId: fc.constantFrom('r1', '$r2'),
      leaseMs: fc.nat({ max: 600_000 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ type: 'generated' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('complete' as const),
      output,
      validation,
      providerCost: cost,
      finalCredits: fc.oneof(fc.constantFrom(null, 0), fc.nat({ max: 200 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('defer' as const),
      failure: classifiedFailure,
      delayMs: fc.nat({ max: 600_000 }),
      providerCost: cost,
      validation: fc.option(validation, { nil: null }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('fail' as const),
      failure: classifiedFailure,
      charge: fc.constantFrom('release' as const, 'capture' as const),
      providerCost: cost,
      validation: fc.option(validation, { nil: null }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('requeue' as const),
      generationId: fc.constantFrom('g-2', 'g-3', 'g_4', 'constructor'),
      priceCredits: fc.nat({ max: 1000 }),
      collects: fc.constantFrom(null, { acceptanceId: '$order', key: 'g-1:1' }),
    }),
  },
);

/** One thing that happens to a job, with when and why. */
export interface WalkStep {
  readonly event: JobEvent;
  readonly reason: string;
  readonly afterMs: number;
  /** The reservation stands before the event, as it does for a job that a runner may claim. */
  readonly isReserved: boolean;
  /** What earlier changes owe was posted before the event. */
  readonly isSettled: boolean;
  readonly acceptanceId: string | null;
}

export const walkStep: fc.Arbitrary<WalkStep> = fc.record({
  event: jobEvent,
  reason: hostileText,
  afterMs: fc.nat({ max: 3_600_000 }),
  isReserved: fc.boolean(),
  isSettled: fc.boolean(),
  acceptanceId: fc.option(fc.constantFrom('acc-1', '$acc'), { nil: null }),
});

/** A change that was planned, the job that it was planned from and the job that it made. */
export interface Walked {
  readonly before: Job;
  readonly change: JobChange;
  readonly after: Job;
  readonly at: Date;
}

/** Lets steps happen to a new job one after the other; what the state machine refuses changes nothing. */
export function walk(steps: readonly WalkStep[]): { readonly job: Job; readonly walked: readonly Walked[] } {
  let job: Job = queuedJob({ id: 'j1', priceCredits: 100 });
  let atMs = job.createdAt.getTime();
  const walked: Walked[] = [];
  for (const step of steps) {
    atMs += step.afterMs;
    const at = new Date(atMs);
    const before = prepared(job, step);
    const actor = { type: 'runner', id: 'r1' } as const;
    const planned = planChange(before, step.event, { actor, reason: step.reason, policyVersion: 1 });
    if (!planned.ok) continue;
    const after = applyChange(before, planned.value, at);
    if (after === null) throw new Error('a change does not fit the job that it was planned from');
    walked.push({ before, change: planned.value, after, at });
    job = after;
  }
  return { job, walked };
}

function prepared(job: Job, step: WalkStep): Job {
  const { pending } = job.billing;
  const settled = step.isSettled
    ? pending.reduce((billing, entry) => settlePending(billing, entry.key), job.billing)
    : job.billing;
  const isWaiting = job.state === 'queued' || job.state === 'retrying';
  const reserved = owedForReservation(settled).reduce((sum, entry) => sum + entry.credits, settled.reserved);
  const billing = step.isReserved && isWaiting ? { ...settled, reserved, status: 'reserved' as const } : settled;
  const isHeld = job.state === 'running' || job.state === 'validating';
  const acceptanceId = isHeld ? step.acceptanceId : job.provider.acceptanceId;
  return { ...job, billing, provider: { ...job.provider, acceptanceId } };
}
