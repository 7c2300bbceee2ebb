import type { Actor } from './ledger.ts';
import { jobSchema, REASON_LENGTH_MAX, type JobInput, type WaitingJob, type Job } from './job.ts';

/** What an edited job is made from, beside the failed one. */
export interface EditOptions {
  readonly id: string;
  readonly generationId: string;
  readonly input: JobInput;
  readonly actor: Actor;
  readonly reason: string;
  readonly policyVersion: number;
  /** The server's time. */
  readonly now: Date;
}

/**
 * A new job with an edited input, linked to the one that failed: same kind, customer, provider and stored price, with a
 * generation and a charge of its own. The failed job stays as it is.
 */
export function editedJob(failed: Job, options: EditOptions): WaitingJob {
  const { id, generationId, input, actor, reason, policyVersion, now } = options;
  const job = jobSchema.parse({
    _id: id,
    kind: failed.kind,
    workspaceId: failed.workspaceId,
    userId: failed.userId,
    state: 'queued',
    version: 1,
    attempt: 0,
    maxAttempts: failed.maxAttempts,
    priority: failed.priority,
    notBefore: now,
    createdAt: now,
    updatedAt: now,
    input,
    provider: { name: failed.provider.name, model: failed.provider.model, acceptanceId: null },
    history: [
      {
        seq: 1,
        from: null,
        to: 'queued',
        at: now,
        attempt: 0,
        actor,
        reason: reason.slice(0, REASON_LENGTH_MAX),
        policyVersion,
      },
    ],
    billing: {
      status: 'not_charged',
      generationId,
      price: failed.billing.price,
      // A field that is there and undefined would be stored as null, and the job be malformed.
      ...(failed.billing.pricing === undefined ? {} : { pricing: failed.billing.pricing }),
      reserved: 0,
      captured: 0,
      refunded: 0,
      pending: [],
    },
    lineage: { retryOf: failed._id, editedFrom: failed._id },
  });
  if (job.state !== 'queued') throw new Error('a new job is queued');
  return job;
}
