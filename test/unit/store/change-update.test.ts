import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJob, type Job } from '#domain/job.ts';
import { ok } from '#domain/result.ts';
import { applyChange, planChange } from '#domain/transition.ts';
import type { Db } from 'mongodb';
import { FleetLimits } from '#store/fleet-limits.ts';
import { CandidateWindow } from '#store/candidate-window.ts';
import { guardOf, pipelineOf } from '#store/change-update.ts';
import { claimBatch } from '#store/job-claims.ts';
import { LedgerPoster } from '#store/ledger-poster.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { connectTo, openGate } from '../../support/model-driver.ts';
import { walk, walkStep } from '../../support/model-walk.ts';

const steps = fc.array(walkStep, { maxLength: 12 });

function stored(job: Job, at: Date): ModelDeployment {
  const deployment = new ModelDeployment(at.getTime());
  deployment.jobs.insert({ ...job });
  return deployment;
}

function claimParts(deployment: ModelDeployment): Parameters<typeof claimBatch>[0] {
  const collections = connectTo(deployment, openGate);
  const poster = new LedgerPoster(collections, {
    wait: () => Promise.resolve(),
    random: () => 0.5,
    months: {
      closedAmong: () => Promise.resolve(ok(new Set<string>())),
      redated: (entries) => Promise.resolve(ok(entries)),
    },
  });
  const noDocuments = { find: () => ({ toArray: () => Promise.resolve([]) }) };
  const limits = new FleetLimits({ collection: () => noDocuments } as unknown as Db);
  const window = new CandidateWindow(collections, () => 0);
  return { collections, poster, window, limits, reserved: new Map() };
}

describe('a change as an update', () => {
  it('does to the document exactly what the domain does to the job', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        for (const { before, change, after, at } of walk(taken).walked) {
          const { jobs } = stored(before, at);
          expect(jobs.updateOne(guardOf(change), pipelineOf(change)).matched).toBe(1);
          expect(jobs.documents.get(before._id)).toEqual(after);
        }
      }),
    );
  });

  it('is written only to the version, state and token that it was planned from', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        for (const { change, after, at } of walk(taken).walked) {
          const { jobs } = stored(after, at);
          expect(jobs.updateOne(guardOf(change), pipelineOf(change)).matched).toBe(0);
        }
      }),
    );
  });

  it('finds a job that never had a lease, also where the document does not say so', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const [first] = walk(taken).walked;
        fc.pre(first !== undefined && first.before.leaseToken === 0);
        const { before, change, after, at } = first;
        const deployment = new ModelDeployment(at.getTime());
        const { leaseToken: _never, ...document } = before;
        deployment.jobs.insert(document);
        expect(deployment.jobs.updateOne(guardOf(change), pipelineOf(change)).matched).toBe(1);
        expect(parseJob(deployment.jobs.documents.get(before._id))).toEqual({ ok: true, value: after });
      }),
    );
  });
});

describe('a claim of many as one update', () => {
  it('does to each document what the domain does for a claim, and names its batch', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const { job } = walk(taken);
        const at = new Date(job.notBefore.getTime() + 3_600_000);
        const isWaiting = job.state === 'queued' || job.state === 'retrying';
        const isPayable = job.billing.pending.length === 0 && (job.billing.price === 0 || job.billing.reserved > 0);
        const deployment = stored(job, at);
        const options = { runnerId: '$r', limit: 5, leaseMs: 30_000 };
        const claimed = expectOk(
          await claimBatch(claimParts(deployment), options, { claimId: 'batch', now: at, servedAt: new Map() }),
        );
        fc.pre(isWaiting || claimed.length > 0);
        const context = { actor: { type: 'runner', id: '$r' }, reason: 'claimed', policyVersion: null } as const;
        const planned = planChange(job, { type: 'claim', runnerId: '$r', leaseMs: 30_000 }, context);
        const expected = isPayable && planned.ok ? applyChange(job, planned.value, at) : null;
        const named = expected?.lease === null || expected === null ? [] : [withClaimId(expected)];
        expect(claimed).toEqual(named);
      }),
    );
  });
});

function withClaimId(job: Job): unknown {
  return { ...job, lease: { ...job.lease, claimId: 'batch' } };
}
