import { describe, expect, it } from 'vitest';
import { jobSchema, type Job } from '#domain/job.ts';
import { judgeHold, type HoldFacts, type HoldVerdict } from '#domain/stranded-hold.ts';
import { queuedJob } from '../../support/job-builder.ts';

const NOW = new Date('2026-10-01T12:00:00Z');
const HOUR_AGO = new Date('2026-10-01T11:00:00Z');
const RESERVE = { _id: 'g-j1:reserve:1', type: 'reserve', credits: 100 } as const;
const failure = { class: 'input', code: 'c', message: 'm', fingerprint: 'f', at: HOUR_AGO };
const lease = { runnerId: 'r1', token: 1, expiresAt: HOUR_AGO, heartbeatAt: HOUR_AGO };
const output = { uri: 'artefact:x', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) };
const actor = { type: 'system', id: 's' } as const;

function job(fields: object, billing: object = {}): Job {
  const base = queuedJob({ id: 'j1' });
  return jobSchema.parse({
    ...base,
    ...fields,
    billing: { ...base.billing, reserved: 100, status: 'reserved', ...billing },
  });
}

const ENDED = job({ state: 'failed', failure });

function judge(facts: Partial<HoldFacts>): HoldVerdict {
  const base = { generationId: 'g-j1', credits: 100, at: HOUR_AGO, entries: [RESERVE], job: ENDED, isJobThere: true };
  return judgeHold({ ...base, now: NOW, ageMsMin: 600_000, ...facts });
}

describe('a hold', () => {
  it.each<readonly [string, Partial<HoldFacts>, object]>([
    ['of a queued job is needed', { job: job({}) }, { type: 'needed', why: 'open_job' }],
    [
      'of a running job is needed',
      {
        job: job({ state: 'running', leaseToken: 1, lease: { ...lease, expiresAt: new Date('2026-10-01T12:01:00Z') } }),
      },
      { type: 'needed', why: 'open_job' },
    ],
    [
      'of a job whose lease ran out is left to its rescue',
      { job: job({ state: 'running', leaseToken: 1, lease }) },
      { type: 'needed', why: 'open_job' },
    ],
    [
      'of a job that still owes is left to its settlement',
      {
        job: job(
          { state: 'failed', failure },
          {
            pending: [
              { key: 'g-j1:release:1', type: 'release', credits: 100, attempt: 0, at: HOUR_AGO, actor, reason: 'r' },
            ],
          },
        ),
      },
      { type: 'needed', why: 'pending' },
    ],
    [
      "that is young is somebody's who is at work",
      { at: new Date('2026-10-01T11:55:00Z') },
      { type: 'needed', why: 'young' },
    ],
    [
      'of a job that has failed and owes nothing is stranded',
      {},
      { type: 'stranded', why: 'job_ended', owedBy: 'job', releaseKey: 'g-j1:release:1' },
    ],
    [
      'that was given back in part has a key of its own',
      {
        credits: 40,
        entries: [RESERVE, { _id: 'g-j1:release:1', type: 'release', credits: 60 }],
        job: job({ state: 'failed', failure }, { reserved: 40 }),
      },
      { type: 'stranded', releaseKey: 'g-j1:release:2' },
    ],
    [
      'of a generation that its job has left is stranded',
      { job: job({}, { generationId: 'g-new' }) },
      { type: 'stranded', why: 'job_moved_on', owedBy: 'account' },
    ],
    [
      'of a job that is gone is stranded',
      { job: null, isJobThere: false },
      { type: 'stranded', why: 'no_job', owedBy: 'account' },
    ],
    ['of a document that is no job is unknown', { job: null }, { type: 'unknown' }],
    ['that the ledger does not know is unknown', { entries: [] }, { type: 'unknown' }],
    [
      'that the job does not know is unknown',
      { job: job({ state: 'failed', failure }, { reserved: 0, status: 'not_charged' }) },
      { type: 'unknown' },
    ],
    [
      'of a job whose charge is unknown is unknown',
      { job: job({ state: 'failed', failure }, { status: 'unknown' }) },
      { type: 'unknown' },
    ],
    [
      'of a completed job that was not captured is for finance',
      { job: job({ state: 'completed', output }) },
      { type: 'unknown', evidence: ['The job is completed and was not captured.'] },
    ],
  ])('%s', (_what, facts, verdict) => {
    expect(judge(facts)).toMatchObject(verdict);
  });
});
