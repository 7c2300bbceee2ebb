import { describe, expect, it } from 'vitest';
import { jobSchema, type Job } from '#domain/job.ts';
import {
  describeStandstill,
  explainStandstill,
  type Standstill,
  type StandstillFacts,
} from '#domain/job-standstill.ts';
import { runnerNodeSchema, type RunnerNode } from '#domain/runner-node.ts';
import { queuedJob } from '../../support/job-builder.ts';

const NOW = new Date('2026-10-01T12:00:00Z');
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
const failure = { class: 'temporary', code: 'http_503', message: 'down', fingerprint: 'f', at: ago(5000) };

function runner(fields: Partial<RunnerNode> = {}): RunnerNode {
  return runnerNodeSchema.parse({
    _id: 'r1',
    host: 'h',
    pid: 1,
    version: '1',
    state: 'running',
    concurrency: 4,
    active: 1,
    providers: ['demo'],
    kinds: ['website'],
    startedAt: ago(60_000),
    heartbeatAt: ago(1000),
    ...fields,
  });
}

function job(fields: object = {}, billing: object = {}): Job {
  const base = queuedJob({ id: 'j1', priceCredits: 100 });
  return jobSchema.parse({
    ...base,
    ...fields,
    billing: { ...base.billing, reserved: 100, status: 'reserved', ...billing },
  });
}

const reservation = {
  key: 'g-j1:reserve:1',
  type: 'reserve',
  credits: 100,
  attempt: 0,
  at: ago(1000),
  actor: { type: 'system', id: 'reservation' },
  reason: 'price of the generation',
};

function leased(expiresAt: Date, fields: object = {}): Job {
  return job({
    state: 'running',
    leaseToken: 3,
    attempt: 1,
    lease: { runnerId: 'r1', token: 3, expiresAt, heartbeatAt: ago(2000) },
    ...fields,
  });
}

function explain(facts: Partial<StandstillFacts> = {}): Standstill {
  return explainStandstill({
    job: job(),
    runners: [runner()],
    account: { available: 500 },
    fullLimits: [],
    heldBackUntil: null,
    now: NOW,
    ...facts,
  });
}

describe('why a job is not moving', () => {
  it.each<readonly [string, Partial<StandstillFacts>, object]>([
    [
      'it is none',
      { job: { id: 'x', problems: [{ path: 'kind', reason: 'Invalid' }] } },
      { cause: 'malformed', problems: [{ path: 'kind', reason: 'Invalid' }] },
    ],
    ['it has failed', { job: job({ state: 'failed', failure }) }, { cause: 'at_end', state: 'failed' }],
    [
      'its runner works on it',
      { job: leased(ago(-20_000)) },
      { cause: 'lease_held', runnerId: 'r1', isRunnerLive: true, token: 3 },
    ],
    [
      'its runner is silent and its lease still runs',
      { job: leased(ago(-20_000)), runners: [runner({ heartbeatAt: ago(60_000) })] },
      { cause: 'lease_held', isRunnerLive: false },
    ],
    [
      'its lease ran out',
      { job: leased(ago(4000)), runners: [runner({ _id: 'r2' })] },
      { cause: 'lease_expired', runnerId: 'r1', overdueMs: 4000, liveRunners: 1 },
    ],
    [
      'its lease ran out and nobody is there',
      { job: leased(ago(4000)), runners: [] },
      { cause: 'lease_expired', liveRunners: 0 },
    ],
    [
      'it is not due',
      { job: job({ state: 'retrying', failure, notBefore: ago(-9000) }) },
      { cause: 'not_due', inMs: 9000, failureClass: 'temporary' },
    ],
    [
      'its workspace was refused',
      {
        job: job({}, { reserved: 0, status: 'not_charged', blocked: { neededCredits: 100, at: ago(60) } }),
        account: { available: 30 },
      },
      { cause: 'out_of_credit', neededCredits: 100, availableCredits: 30, since: ago(60) },
    ],
    [
      'its workspace has no account',
      { job: job({}, { reserved: 0, status: 'not_charged' }), account: null },
      { cause: 'out_of_credit', availableCredits: 0, since: null },
    ],
    [
      'its reservation is gone between two attempts',
      { job: job({ state: 'retrying', failure }, { reserved: 0, captured: 100, refunded: 100, status: 'refunded' }) },
      { cause: 'not_reserved' },
    ],
    [
      'its reservation was captured before it began',
      { job: job({}, { reserved: 0, captured: 100, refunded: 100, status: 'refunded' }) },
      { cause: 'not_reserved' },
    ],
    ['its charge is unknown', { job: job({}, { status: 'unknown' }) }, { cause: 'charge_unknown' }],
    ['there never was a runner', { runners: [] }, { cause: 'no_live_runner', lastHeartbeatAt: null, otherRunners: [] }],
    [
      'every runner is gone',
      { runners: [runner({ heartbeatAt: ago(60_000) })] },
      { cause: 'no_live_runner', lastHeartbeatAt: ago(60_000) },
    ],
    ['every runner has ended', { runners: [runner({ state: 'stopped' })] }, { cause: 'no_live_runner' }],
    [
      'no runner has its provider',
      { runners: [runner({ providers: ['other'] })] },
      { cause: 'no_live_runner', provider: 'demo', otherRunners: ['r1'] },
    ],
    [
      'no runner knows its kind',
      { runners: [runner({ kinds: ['image'] })] },
      { cause: 'no_live_runner', kind: 'website' },
    ],
    [
      'every runner takes nothing new',
      { runners: [runner({ state: 'paused' }), runner({ _id: 'r2', state: 'draining' })] },
      {
        cause: 'paused',
        runners: [
          { id: 'r1', state: 'paused' },
          { id: 'r2', state: 'draining' },
        ],
      },
    ],
    [
      'every runner is full',
      { runners: [runner({ active: 4 }), runner({ _id: 'r2', state: 'paused' })] },
      { cause: 'limit_reached', limits: [{ scope: 'runner', name: 'r1', active: 4, max: 4 }] },
    ],
    [
      'its provider is full',
      { fullLimits: [{ scope: 'provider', name: 'demo', active: 2, max: 2 }] },
      { cause: 'limit_reached', limits: [{ scope: 'provider', name: 'demo', active: 2, max: 2 }] },
    ],
    [
      'its provider asked to be left alone',
      { heldBackUntil: ago(-90_000) },
      { cause: 'provider_held_back', provider: 'demo', until: ago(-90_000) },
    ],
    ['nothing holds it up', {}, { cause: 'waiting_for_its_turn', runners: ['r1'] }],
    [
      'it was topped up since',
      { job: job({}, { reserved: 0, status: 'not_charged', blocked: { neededCredits: 100, at: ago(60) } }) },
      { cause: 'waiting_for_its_turn' },
    ],
    [
      'its price is reserved ahead of its turn, and the account has nothing left',
      { job: job({}, { reserved: 0, status: 'not_charged', pending: [reservation] }), account: { available: 0 } },
      { cause: 'waiting_for_its_turn' },
    ],
    [
      'its reservation could not be paid',
      {
        job: job(
          {},
          {
            reserved: 0,
            status: 'not_charged',
            pending: [reservation],
            blocked: { neededCredits: 100, at: ago(60) },
          },
        ),
        account: { available: 30 },
      },
      { cause: 'out_of_credit', neededCredits: 100, availableCredits: 30 },
    ],
    [
      'it costs nothing',
      { job: job({}, { price: 0, reserved: 0, status: 'not_charged' }), account: null },
      { cause: 'waiting_for_its_turn' },
    ],
    [
      'a runner of an earlier version is there',
      { runners: [runner({ providers: [], kinds: [] })] },
      { cause: 'waiting_for_its_turn' },
    ],
  ])('because %s', (_why, facts, expected) => {
    const standstill = explain(facts);
    expect(standstill).toMatchObject(expected);
    // A person reads a whole sentence with what to do.
    expect(describeStandstill(standstill)).toMatch(/\. ?.+\.$/);
  });

  it('says credits as the window shows them', () => {
    const billing = { reserved: 0, status: 'not_charged', blocked: { neededCredits: 12_550, at: ago(60) } };
    expect(describeStandstill(explain({ job: job({}, billing), account: { available: 30 } }))).toContain(
      'has 0.30 credits and needs 125.50.',
    );
  });
});
