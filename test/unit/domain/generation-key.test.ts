import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureClass } from '#domain/failure.ts';
import { jobSchema, type Attempt } from '#domain/job.ts';
import { collectablePurchase, generationKey, replacementKey, unreceivedAcceptance } from '#domain/generation-key.ts';
import { endedAttempt, queuedJob } from '../../support/job-builder.ts';

type PastAttempt = readonly [failureClass: FailureClass, code: string, acceptanceId: string | null];

const failed = (failureClass: FailureClass, code: string): Failure => ({
  class: failureClass,
  code,
  message: 'm',
  fingerprint: 'f',
  at: new Date(0),
});

/** What the attempt after these asks the provider with. */
function after(past: readonly PastAttempt[]): { readonly key: string; readonly acceptanceId: string | null } {
  const attempts = past.map(([failureClass, code, acceptanceId], index) =>
    endedAttempt({ n: index + 1, acceptanceId, failure: failed(failureClass, code) }),
  );
  const job = jobSchema.parse({ ...queuedJob({ id: 'j1' }), attempts });
  const current = { ...job, attempt: past.length + 1 };
  return { key: generationKey(current), acceptanceId: unreceivedAcceptance(current) };
}

const CRASH: PastAttempt = ['temporary', 'lease_expired', 'order-1'];
const CRASH_UNHEARD: PastAttempt = ['temporary', 'lease_expired', null];
const CUT: PastAttempt = ['temporary', 'network_econnreset', null];
const TIMED_OUT: PastAttempt = ['timeout', 'attempt_timeout', 'order-1'];
const BUSY: PastAttempt = ['rate_limit', 'http_429', null];
const DOWN: PastAttempt = ['temporary', 'http_503', null];
const LOST_AT_GATEWAY: readonly PastAttempt[] = [
  ['temporary', 'http_502', null],
  ['temporary', 'http_520', null],
  ['temporary', 'http_522', null],
  ['timeout', 'http_524', null],
];
const DOWN_AFTER_ACCEPTING: PastAttempt = ['temporary', 'http_503', 'order-1'];
const LOCKED_OUT: PastAttempt = ['provider', 'http_401', null];
const OUR_DISK_FULL: PastAttempt = ['unknown', 'exception', 'order-1'];
const MADE_AND_FAILED: PastAttempt = ['provider', 'prediction_failed', 'order-1'];
const REJECTED: PastAttempt = ['validation', 'check_title', 'order-1'];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the purchase that an attempt makes or continues', () => {
  it.each<[string, readonly PastAttempt[], string, string | null]>([
    ['is the first where nothing was tried', [], 'g-j1:1', null],
    ['is the same after a crash, and is collected', [CRASH], 'g-j1:1', 'order-1'],
    ['is collected although the attempt between died before it could ask', [CRASH, CRASH_UNHEARD], 'g-j1:1', 'order-1'],
    ['is the same where the reply was lost on its way', [CUT], 'g-j1:1', null],
    ['is the same where nobody waited for its end', [TIMED_OUT], 'g-j1:1', 'order-1'],
    ['is the same where a gateway lost the reply', LOST_AT_GATEWAY, 'g-j1:1', null],
    ['is a new one where the provider turned the call away', [BUSY, DOWN], 'g-j1:3', null],
    ['is the same where a later call for it was turned away', [CUT, BUSY, DOWN], 'g-j1:1', null],
    ['is collected where the provider was down after it had accepted', [DOWN_AFTER_ACCEPTING], 'g-j1:1', 'order-1'],
    ['is collected later where our key was refused meanwhile', [CRASH, LOCKED_OUT], 'g-j1:1', 'order-1'],
    ['is collected where the disk of the runner was full', [OUR_DISK_FULL], 'g-j1:1', 'order-1'],
    ['is a new one where our key was refused at first', [LOCKED_OUT], 'g-j1:2', null],
    ['is a new one where the provider says that it failed', [CRASH, MADE_AND_FAILED], 'g-j1:2', null],
    ['is a new one where its result was received and was not good enough', [CUT, REJECTED], 'g-j1:2', null],
  ])('%s', (_name, past, key, acceptanceId) => {
    expect(after(past)).toEqual({ key, acceptanceId });
  });

  it('of an earlier generation goes on under its own key, until it was answered', () => {
    const collects = { acceptanceId: 'order-1', key: 'g-j1:1' };
    const job = queuedJob({ id: 'j1' });
    const collecting = { ...job, attempt: 1, billing: { ...job.billing, generationId: 'g-2', collects } };
    expect(generationKey(collecting)).toBe('g-j1:1');
    expect(unreceivedAcceptance(collecting)).toBe('order-1');
    const attempt = (failureClass: FailureClass, code: string): Attempt =>
      endedAttempt({ generationId: 'g-2', failure: failed(failureClass, code) });
    const crashed = { ...collecting, attempt: 2, attempts: [attempt('temporary', 'lease_expired')] };
    expect(generationKey(crashed)).toBe('g-j1:1');
    expect(unreceivedAcceptance(crashed)).toBe('order-1');
    expect(collectablePurchase({ ...crashed, attempt: 1 })).toEqual(collects);
    const answered = { ...collecting, attempt: 2, attempts: [attempt('provider', 'prediction_failed')] };
    expect(generationKey(answered)).toBe('g-2:2');
    expect(unreceivedAcceptance(answered)).toBeNull();
  });

  it('is replaced under a key that names what is gone, the same for whoever asks', () => {
    const job = { ...queuedJob({ id: 'j1' }), attempt: 1 };
    expect(replacementKey(job, 'order-1', sha256)).toBe('g-j1:1:order-1');
    expect(replacementKey(job, 'x'.repeat(248), sha256)).toBe(`g-j1:1:${'x'.repeat(248)}`);
  });

  it.each([
    ['names that differ at their end alone', null],
    ['a purchase of an earlier generation whose key is as long as one may be', 'k'.repeat(255)],
  ])('is replaced under a key of its own that services take, also for %s', (_what, key) => {
    const job = { ...queuedJob({ id: 'j1' }), attempt: 1 };
    const collects = key === null ? null : { acceptanceId: 'order-1', key };
    const replaced = { ...job, billing: { ...job.billing, collects } };
    const keys = ['a', 'b'].map((end) => replacementKey(replaced, `${'x'.repeat(499)}${end}`, sha256));
    for (const one of keys) expect(one.length).toBeLessThanOrEqual(255);
    expect(new Set([...keys, generationKey(replaced)]).size).toBe(3);
  });
});
