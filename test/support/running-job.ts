import { jobSchema, type LeasedJob } from '#domain/job.ts';
import { endedAttempt, queuedJob } from './job-builder.ts';

const AT = new Date('2026-10-01T08:00:00Z');

/** A running job whose earlier attempts crashed after these acceptances. */
export function runningJob(acceptances: readonly string[]): LeasedJob {
  const n = acceptances.length + 1;
  const failure = { class: 'temporary', code: 'lease_expired', message: 'm', fingerprint: 'f', at: AT } as const;
  const job = jobSchema.parse({
    ...queuedJob({ id: 'j1' }),
    state: 'running',
    attempt: n,
    leaseToken: n,
    lease: { runnerId: 'r1', token: n, expiresAt: AT, heartbeatAt: AT },
    attempts: [
      ...acceptances.map((acceptanceId, index) => endedAttempt({ n: index + 1, acceptanceId, failure })),
      { ...endedAttempt({ n }), endedAt: null },
    ],
  });
  if (job.state !== 'running') throw new Error('not running');
  return job;
}
