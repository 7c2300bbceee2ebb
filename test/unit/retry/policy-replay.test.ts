import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import { jobSchema, type Attempt, type Job } from '#domain/job.ts';
import { PolicyReplay, type Replay, type ReplayedClass } from '#domain/policy-replay.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { DEFAULT_RETRY_POLICY, decideRetry, type ClassRule } from '#domain/retry-policy.ts';
import { failedJob } from '../../support/failed-job.ts';

const PRICE = 100;

function draftWith(name: FailureClass, rule: Partial<ClassRule>): PolicyDraft {
  const { classes, spend } = DEFAULT_RETRY_POLICY;
  return { spend, classes: { ...classes, [name]: { ...classes[name], ...rule } } };
}

/** A job whose attempts ended so, of one generation; null is an attempt that completed. */
function jobOf(ends: readonly (FailureClass | null)[], fields: { readonly maxAttempts?: number } = {}): Job {
  const template = failedJob({ failureClass: 'timeout', priceCredits: PRICE });
  const [first] = template.attempts;
  if (first === undefined) throw new Error('a failed job has an attempt');
  const attempts = ends.map((end, index): Attempt => ({
    ...first,
    n: index + 1,
    generationId: template.billing.generationId,
    providerCost: 1000,
    failure: end === null ? null : { class: end, code: 'c', message: '', fingerprint: 'f', at: new Date(0) },
  }));
  const isCompleted = ends.at(-1) === null;
  const base = { ...template, attempt: attempts.length, maxAttempts: fields.maxAttempts ?? 10, attempts };
  const last = attempts.at(-1)?.failure ?? null;
  if (!isCompleted) return jobSchema.parse({ ...base, failure: last ?? base.failure });
  return jobSchema.parse({
    ...base,
    state: 'completed',
    failure: null,
    output: { uri: 'file:///x', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
    billing: { ...template.billing, captured: PRICE, status: 'charged' },
  });
}

function replayOf(draft: PolicyDraft, ...jobs: readonly Job[]): Replay {
  const replay = new PolicyReplay(draft);
  for (const job of jobs) replay.add(job);
  return replay.result();
}

function of(replay: Replay, name: FailureClass): ReplayedClass {
  const found = replay.classes.find(({ failureClass }) => failureClass === name);
  if (found === undefined) throw new Error(`nothing of ${name}`);
  return found;
}

describe('a draft replayed', () => {
  it('says which retries would not have happened, what they cost, and which successes they brought', () => {
    const row = of(replayOf(draftWith('timeout', { automatic: 0 }), jobOf(['timeout', 'timeout', null])), 'timeout');
    expect(row).toMatchObject({
      failures: 1,
      retried: 1,
      dropped: { attempts: 2, costMicroUsd: 2000, attemptsWithoutCost: 0, successes: 1, credits: PRICE },
      added: { generations: 0 },
    });
  });

  it('says which generations would have been tried again, and the most that this can cost and bring', () => {
    const job = jobOf(['unknown'], { maxAttempts: 4 });
    expect(of(replayOf(draftWith('unknown', { automatic: 2 }), job), 'unknown').added).toEqual({
      generations: 1,
      attemptsMax: 3,
      costMicroUsdMax: 3000,
      attemptsWithoutCost: 0,
      successesMax: 1,
      creditsMax: PRICE,
      successesLikely: null,
    });
  });

  it('counts no attempt as used that a runner gave back because it was stopped', () => {
    const job = jobOf(['temporary', null], { maxAttempts: 1 });
    const attempts = job.attempts.map((attempt) => ({
      ...attempt,
      failure: attempt.failure && { ...attempt.failure, code: 'network_runner_stopped' },
    }));
    expect(of(replayOf(DEFAULT_RETRY_POLICY, { ...job, attempts }), 'temporary').dropped.attempts).toBe(0);
  });

  it('estimates successes by how often a retry after such a failure succeeded', () => {
    const helped = jobOf(['timeout', null]);
    const futile = jobOf(['timeout', 'timeout', 'timeout']);
    const stuck = [jobOf(['timeout', 'timeout', 'timeout']), jobOf(['timeout', 'timeout', 'timeout'])];
    const { added } = of(replayOf(draftWith('timeout', { automatic: 3 }), helped, futile, ...stuck), 'timeout');
    // One of seven retries succeeded; three generations would have gone on.
    expect(added).toMatchObject({ generations: 3, successesMax: 3, successesLikely: 0 });
  });

  it('counts no success twice that a person has brought since', () => {
    const failed = jobOf(['unknown']);
    const again = jobOf([null]);
    const both = jobSchema.parse({
      ...again,
      attempt: 2,
      attempts: [
        ...failed.attempts.map((attempt) => ({ ...attempt, generationId: 'g-first' })),
        ...again.attempts.map((attempt) => ({ ...attempt, n: 2 })),
      ],
    });
    expect(of(replayOf(draftWith('unknown', { automatic: 1 }), both), 'unknown').added).toMatchObject({
      generations: 1,
      successesMax: 0,
      creditsMax: 0,
    });
  });

  it('says which retries by people it would have refused', () => {
    const job = jobOf([null]);
    const [first] = jobOf(['timeout']).attempts;
    if (first === undefined) throw new Error('no attempt');
    const by = (reason: string): Job =>
      jobSchema.parse({
        ...job,
        attempt: 2,
        attempts: [{ ...first, generationId: 'g-first' }, ...job.attempts.map((attempt) => ({ ...attempt, n: 2 }))],
        history: [
          {
            seq: 1,
            from: 'failed',
            to: 'queued',
            at: new Date(0),
            attempt: 1,
            actor: { type: 'user', id: 'ann' },
            reason,
            policyVersion: 1,
          },
        ],
      });
    const people = (rule: Partial<ClassRule>, reason: string): ReplayedClass['people'] =>
      of(replayOf(draftWith('timeout', rule), by(reason)), 'timeout').people;
    const refused = { retried: 1, refused: 1, successesLost: 1, creditsLost: PRICE };
    expect(people({ person: 'never' }, 'the customer waits')).toEqual(refused);
    expect(people({ person: 'with_reason' }, 'retried by hand')).toEqual(refused);
    expect(people({ person: 'with_reason' }, 'plan 0123456789abcdef: retried')).toEqual(refused);
    expect(people({ person: 'with_reason' }, 'the customer waits')).toMatchObject({ retried: 1, refused: 0 });
  });

  it('says what customers would have paid for failures that were given back', () => {
    const row = of(replayOf(draftWith('unknown', { charge: 'capture' }), jobOf(['unknown'])), 'unknown');
    expect(row.charge).toEqual({ keptCredits: PRICE, returnedCredits: 0 });
  });

  it('leaves out what somebody stopped', () => {
    expect(of(replayOf(draftWith('temporary', { automatic: 9 }), jobOf(['cancelled'])), 'cancelled').failures).toBe(0);
  });

  it('of the policy that decided everything finds no difference', () => {
    const ends = fc.array(fc.constantFrom(...failureClassSchema.options.filter((name) => name !== 'cancelled')), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.array(ends, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 8 }),
        (lists, maxAttempts) => {
          const jobs = lists.map((classes) => jobOf(decided(classes, maxAttempts), { maxAttempts }));
          for (const { dropped, added, charge } of replayOf(DEFAULT_RETRY_POLICY, ...jobs).classes) {
            expect(dropped.attempts).toBe(0);
            expect(added.generations).toBe(0);
            expect(charge).toEqual({ keptCredits: 0, returnedCredits: 0 });
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** How the attempts of a generation end under the default policy whose failures come in this order. */
function decided(classes: readonly FailureClass[], maxAttempts: number): readonly (FailureClass | null)[] {
  const ends: FailureClass[] = [];
  for (const failureClass of classes) {
    const attempts = [
      ...ends.map((name) => ({
        generationId: 'g',
        failure: { class: name, code: 'c', message: '', fingerprint: 'f', at: new Date(0) },
      })),
      { generationId: 'g', failure: null },
    ];
    ends.push(failureClass);
    const { verdict } = decideRetry({
      job: { state: 'running', maxAttempts, inputHash: 'h', attempts, generationId: 'g' },
      failureClass,
      chargeStatus: 'reserved',
      pendingEntries: 0,
      asker: { type: 'runner', isGivenBack: false },
      policy: DEFAULT_RETRY_POLICY,
      retryAfterMs: 0,
      random: 0.5,
    });
    if (verdict !== 'retry') return ends;
  }
  return [...ends, null];
}
