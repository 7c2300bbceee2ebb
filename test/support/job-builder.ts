import { createHash } from 'node:crypto';
import { canonicalInput } from '#domain/canonical-input.ts';
import { jobSchema, type Attempt, type Job, type WaitingJob } from '#domain/job.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { periodOf } from '#domain/ledger.ts';

/** What a test may say about a new job; the rest is ordinary. */
export interface NewJob {
  readonly id: string;
  readonly workspaceId?: string;
  readonly kind?: string;
  readonly prompt?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly model?: string;
  readonly priceCredits?: number;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly createdAt?: Date;
}

/** A legal job as the product inserts it: queued, due, nothing reserved yet. */
export function queuedJob(spec: NewJob): WaitingJob {
  const createdAt = spec.createdAt ?? new Date('2026-10-01T08:00:00Z');
  const input = { prompt: spec.prompt ?? 'A page about tea', options: { ...spec.options } };
  const job: Job = jobSchema.parse({
    _id: spec.id,
    kind: spec.kind ?? 'website',
    workspaceId: spec.workspaceId ?? 'w1',
    userId: 'u1',
    state: 'queued',
    version: 1,
    attempt: 0,
    maxAttempts: spec.maxAttempts ?? 5,
    priority: spec.priority ?? 0,
    notBefore: createdAt,
    createdAt,
    updatedAt: createdAt,
    input: { ...input, hash: createHash('sha256').update(canonicalInput(input)).digest('hex') },
    provider: { name: 'demo', model: spec.model ?? 'demo', acceptanceId: null },
    history: [
      {
        seq: 1,
        from: null,
        to: 'queued',
        at: createdAt,
        attempt: 0,
        actor: { type: 'product', id: 'test' },
        reason: 'created',
        policyVersion: null,
      },
    ],
    billing: {
      status: 'not_charged',
      generationId: `g-${spec.id}`,
      price: spec.priceCredits ?? 100,
      reserved: 0,
      captured: 0,
      refunded: 0,
      pending: [],
    },
  });
  if (job.state !== 'queued') throw new Error('a new job is queued');
  return job;
}

/** An attempt that is over at once and bought nothing, but for what a test says of it. */
export function endedAttempt(fields: Partial<Attempt> = {}): Attempt {
  const at = new Date('2026-10-01T08:00:00Z');
  return {
    n: 1,
    generationId: 'g-j1',
    startedAt: at,
    endedAt: at,
    runnerId: 'r1',
    provider: 'demo',
    model: 'demo',
    acceptanceId: null,
    providerCost: null,
    failure: null,
    validation: null,
    ...fields,
  };
}

/** A grant of credits to a workspace. */
export function grant(workspaceId: string, credits: number, n = 1): LedgerEntry {
  const at = new Date('2026-10-01T00:00:00Z');
  return {
    _id: `grant-${workspaceId}:grant:${n}`,
    workspaceId,
    jobId: null,
    generationId: null,
    attempt: null,
    type: 'grant',
    credits,
    at,
    actor: { type: 'system', id: 'test' },
    reason: 'test grant',
    period: periodOf(at),
  };
}
