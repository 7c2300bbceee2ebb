import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyFailureAct,
  groupsByCause,
  MEMBERS_MAX,
  noDecision,
  standingOfGroup,
  type FailureAct,
  type FailureDecision,
} from '#domain/failure-groups.ts';
import { buildFailure, codeOfFingerprint } from '#domain/failure.ts';

const BY = { by: { type: 'user', id: 'sam' } as const, at: new Date('2026-11-24T10:00:00Z') };
const NOW_MS = Date.parse('2026-11-25T10:00:00Z');

function decided(act: FailureAct, before = noDecision('a')): FailureDecision {
  const after = applyFailureAct(before, act, BY);
  if (after === null) throw new Error('refused');
  return after;
}

describe('how a group of failures stands', () => {
  const resolved = decided({ type: 'resolve', note: '' });
  const untilJobs = decided({ type: 'ignore', until: { type: 'jobs', more: 5 }, note: '' });
  const untilCustomers = decided({ type: 'ignore', until: { type: 'customers', more: 2 }, note: '' });
  const untilTime = decided({ type: 'ignore', until: { type: 'time', atMs: NOW_MS }, note: '' });

  it.each([
    { decision: undefined, jobs: 9, customers: 9, nowMs: NOW_MS, is: 'open' },
    { decision: resolved, jobs: 0, customers: 0, nowMs: NOW_MS, is: 'resolved' },
    { decision: resolved, jobs: 1, customers: 1, nowMs: NOW_MS, is: 'regressed' },
    { decision: decided({ type: 'reopen' }, resolved), jobs: 1, customers: 1, nowMs: NOW_MS, is: 'open' },
    { decision: untilJobs, jobs: 4, customers: 4, nowMs: NOW_MS, is: 'ignored' },
    { decision: untilJobs, jobs: 5, customers: 1, nowMs: NOW_MS, is: 'returned' },
    { decision: untilCustomers, jobs: 50, customers: 1, nowMs: NOW_MS, is: 'ignored' },
    { decision: untilCustomers, jobs: 2, customers: 2, nowMs: NOW_MS, is: 'returned' },
    { decision: untilTime, jobs: 50, customers: 9, nowMs: NOW_MS - 1, is: 'ignored' },
    { decision: untilTime, jobs: 0, customers: 0, nowMs: NOW_MS, is: 'returned' },
  ])('$is with $jobs jobs of $customers customers since ($#)', ({ decision, jobs, customers, nowMs, is }) => {
    expect(standingOfGroup(decision, { jobs, customers }, nowMs)).toBe(is);
  });
});

describe('merged causes', () => {
  it('stand with the group that they were merged into, and what was merged into them too', () => {
    const decisions = [
      decided({ type: 'merge', fingerprints: ['b'] }, noDecision('a')),
      decided({ type: 'merge', fingerprints: ['c'] }, noDecision('b')),
    ];
    expect(groupsByCause(decisions)).toEqual(
      new Map([
        ['b', 'a'],
        ['c', 'a'],
      ]),
    );
  });

  it('are groups of their own again when they are split off', () => {
    const merged = decided({ type: 'merge', fingerprints: ['a', 'b', 'c'] });
    expect(merged.merged).toEqual(['b', 'c']);
    expect(groupsByCause([decided({ type: 'split', fingerprint: 'b' }, merged)])).toEqual(new Map([['c', 'a']]));
  });

  it('are not more than a group may hold', () => {
    const many = Array.from({ length: MEMBERS_MAX }, (_, n) => `m${n}`);
    const full = decided({ type: 'merge', fingerprints: many });
    expect(applyFailureAct(full, { type: 'merge', fingerprints: ['one more'] }, BY)).toBeNull();
  });

  it('belong to exactly one group each, whatever people merged at once', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const decision = fc
      .record({ _id: name, merged: fc.uniqueArray(name, { maxLength: 5 }) })
      .map((parts): FailureDecision => ({
        ...noDecision(parts._id),
        merged: parts.merged.filter((m) => m !== parts._id),
      }));
    fc.assert(
      fc.property(fc.uniqueArray(decision, { selector: ({ _id }) => _id, maxLength: 6 }), (decisions) => {
        const owners = groupsByCause(decisions);
        for (const owner of owners.values()) expect(owners.has(owner)).toBe(false);
      }),
    );
  });
});

describe('the code that a fingerprint tells', () => {
  it('is the one that it was made of', () => {
    const failure = buildFailure({ class: 'provider', code: 'http_500', message: 'down' }, 'acme', 'm:1', new Date(0));
    expect(codeOfFingerprint(failure.fingerprint, 'provider')).toBe('http_500');
    expect(codeOfFingerprint('written by hand', 'provider')).toBeNull();
  });
});
