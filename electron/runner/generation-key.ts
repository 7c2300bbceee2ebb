import type { Job } from '#domain/job.ts';

/**
 * The idempotency key of the provider call that a job's current attempt makes. An attempt that was cut off by a crash bought
 * something nobody may have received, so the attempt after it asks with the same key; an attempt that the provider answered,
 * with success or failure, is done with, and the next one is a purchase of its own.
 */
export function generationKey(job: Pick<Job, 'attempts' | 'attempt' | 'billing'>): string {
  const { generationId } = job.billing;
  const answered = job.attempts.filter(
    (attempt) =>
      attempt.generationId === generationId &&
      attempt.n < job.attempt &&
      attempt.failure !== null &&
      attempt.failure.code !== 'lease_expired',
  );
  return `${generationId}:${answered.length + 1}`;
}
