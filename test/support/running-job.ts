import { jobSchema, type LeasedJob } from '#domain/job.ts';
import { queuedJob } from './job-builder.ts';

const AT = new Date('2026-10-01T08:00:00Z');

/** A running job whose earlier attempts crashed after these acceptances. */
export function runningJob(acceptances: readonly string[]): LeasedJob {
  const n = acceptances.length + 1;
  const attempt = {
    generationId: 'g-j1',
    startedAt: AT,
    runnerId: 'r1',
    provider: 'demo',
    model: 'demo',
    providerCost: null,
    validation: null,
  };
  const failure = { class: 'temporary', code: 'lease_expired', message: 'm', fingerprint: 'f', at: AT };
  const job = jobSchema.parse({
    ...queuedJob({ id: 'j1' }),
    state: 'running',
    attempt: n,
    leaseToken: n,
    lease: { runnerId: 'r1', token: n, expiresAt: AT, heartbeatAt: AT },
    attempts: [
      ...acceptances.map((acceptanceId, index) => ({ ...attempt, n: index + 1, endedAt: AT, acceptanceId, failure })),
      { ...attempt, n, endedAt: null, acceptanceId: null, failure: null },
    ],
  });
  if (job.state !== 'running') throw new Error('not running');
  return job;
}
