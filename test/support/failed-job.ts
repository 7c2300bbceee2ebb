import { buildFailure, type FailureClass } from '#domain/failure.ts';
import { jobSchema, type Job } from '#domain/job.ts';
import { entryKey, periodOf, type LedgerEntry } from '#domain/ledger.ts';
import { endedAttempt, queuedJob } from './job-builder.ts';

/** What a test may say about a job that failed. */
export interface FailedJob {
  readonly id?: string;
  readonly workspaceId?: string;
  readonly kind?: string;
  /** When it was made and failed. */
  readonly at?: Date;
  readonly failureClass: FailureClass;
  readonly priceCredits?: number;
  /** What was captured and not refunded. */
  readonly captured?: number;
  /** The provider's acceptance of the only attempt. */
  readonly acceptanceId?: string;
  /** What the attempt cost at the provider. */
  readonly costMicroUsd?: number;
}

const AT = new Date('2026-10-01T08:05:00Z');

/** A job that failed at its first attempt, with its hold given back unless it was captured. */
export function failedJob(spec: FailedJob): Job {
  const at = spec.at ?? AT;
  const job = queuedJob({
    id: spec.id ?? 'j1',
    priceCredits: spec.priceCredits ?? 100,
    ...(spec.workspaceId === undefined ? {} : { workspaceId: spec.workspaceId }),
    ...(spec.kind === undefined ? {} : { kind: spec.kind }),
    ...(spec.at === undefined ? {} : { createdAt: spec.at }),
  });
  const failure = buildFailure(
    { class: spec.failureClass, code: spec.failureClass, message: 'It failed.' },
    'demo',
    'demo',
    at,
  );
  const captured = spec.captured ?? 0;
  const acceptanceId = spec.acceptanceId ?? null;
  const step = (seq: number, from: string, to: string): object => ({
    seq,
    from,
    to,
    at,
    attempt: 1,
    actor: { type: 'runner', id: 'r1' },
    reason: 'test',
  });
  return jobSchema.parse({
    ...job,
    state: 'failed',
    version: 3,
    attempt: 1,
    failure,
    history: [...job.history, step(2, 'queued', 'running'), step(3, 'running', 'failed')],
    attempts: [
      endedAttempt({
        generationId: job.billing.generationId,
        startedAt: at,
        endedAt: at,
        acceptanceId,
        providerCost: spec.costMicroUsd ?? null,
        failure,
      }),
    ],
    provider: { ...job.provider, acceptanceId },
    billing: { ...job.billing, status: captured > 0 ? 'charged' : 'not_charged', captured },
  });
}

/** The ledger entries that a failed job of {@link failedJob} has left. */
export function entriesOf(job: Job): readonly LedgerEntry[] {
  const { generationId, price, captured } = job.billing;
  if (job.state !== 'failed' || price === 0) return [];
  const entry = (type: 'reserve' | 'release' | 'capture', credits: number): LedgerEntry => ({
    _id: entryKey(generationId, type, 1),
    workspaceId: job.workspaceId,
    jobId: job._id,
    generationId,
    attempt: 1,
    type,
    credits,
    at: AT,
    actor: { type: 'runner', id: 'r1' },
    reason: 'test',
    period: periodOf(AT),
  });
  return [entry('reserve', price), entry(captured > 0 ? 'capture' : 'release', price)];
}
