import { describe, expect, it } from 'vitest';
import { previewOf } from '#console/reconciliation/mend-drafts.ts';
import type { Actor } from '#domain/ledger.ts';
import {
  decideMend,
  endOfMonth,
  entriesToPost,
  isSecondPersonNeeded,
  mayPost,
  movedCreditsOf,
  recordOfProposal,
  type MendRecord,
} from '#domain/reconciliation/mend-record.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { applyReviewAct, noReview, standingOf } from '#domain/reconciliation/finding-review.ts';
import { proposeMends } from '#domain/reconciliation/mends.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { AS_OF_MS } from '../../bench/worlds/clean-job.ts';
import { generationEntry } from '../../bench/worlds/fault.ts';
import { makeCleanWorld } from '../../bench/worlds/seeded-world.ts';
import { accountOf, freeEntry, jobOf, post, ruleOptionsOf, viewOf } from '../../bench/worlds/world.ts';
import { expectOk } from '../../support/expect-ok.ts';

const NOW = new Date('2026-11-10T12:00:00Z');
const person = (id: string): Actor => ({ type: 'user', id });
const step = (id: string) => ({ by: person(id), at: NOW, note: '' });

function mend(fields: Partial<MendRecord> = {}): MendRecord {
  return {
    _id: 'refund_owed:not_made:g-1#1',
    findingId: 'refund_owed:not_made:g-1',
    rule: 'refund_owed',
    evidence: 'Failed with 101 captured after refunds.',
    kind: 'refund',
    effect: 'account_and_ledger',
    workspaceId: 'w1',
    jobId: 'job-1',
    generationId: 'g-1',
    credits: 101,
    limitCredits: 100,
    reason: 'owed by class',
    bookedIn: null,
    entries: [
      {
        _id: 'g-1:refund:7001',
        workspaceId: 'w1',
        jobId: 'job-1',
        generationId: 'g-1',
        attempt: null,
        type: 'refund',
        credits: 101,
        at: new Date('2026-10-31T23:59:59.999Z'),
        actor: person('ann'),
        reason: 'owed by class',
        period: '2026-10',
      },
    ],
    state: 'proposed',
    proposed: step('ann'),
    decided: null,
    posted: null,
    version: 1,
    ...fields,
  };
}

describe('a proposal of a mend', () => {
  it('needs a second person above the limit, and not at it', () => {
    expect(isSecondPersonNeeded({ credits: 101, limitCredits: 100, entries: [] })).toBe(true);
    expect(isSecondPersonNeeded({ credits: 100, limitCredits: 100, entries: [] })).toBe(false);
    expect(mayPost(mend())).toMatchObject({ ok: false, error: { code: 'second_person_needed' } });
    expect(mayPost(mend({ credits: 100, entries: [] })).ok).toBe(true);
    expect(mayPost(expectOk(decideMend(mend(), 'approved', step('bob')))).ok).toBe(true);
  });

  it('needs one too where an account is lifted by what other mends take from it, which its finding does not say', () => {
    const world = makeCleanWorld(4, { jobs: 90, workspaces: 3 });
    const [failed = ''] = [...world.scenarios].find(([, scenario]) => scenario === 'failed') ?? [];
    const job = jobOf(world, failed);
    const { workspaceId, billing } = job;
    post(world, generationEntry(job, billing.generationId, 'refund', { credits: 5000, atMs: AS_OF_MS - 3_600_000 }));
    const { available } = accountOf(world, workspaceId);
    post(world, freeEntry('spent:adjust:1', workspaceId, 'adjust', -available - 10));
    const view = viewOf(world);
    const { findings } = reconcile(view, ruleOptionsOf(world));
    const proposals = proposeMends(view, findings, { at: NOW, actor: person('ann') });
    const below = findings.find(({ rule }) => rule === 'negative_availability');
    const proposal = proposals.find(({ findingId }) => findingId === below?.id);
    if (below === undefined || proposal === undefined) throw new Error('the account is below zero');
    const wish = { by: person('ann'), at: NOW, reason: 'lifted', bookedIn: null, limitCredits: 1000, earlier: 0 };
    const record = recordOfProposal(proposal, below, wish);
    if (record === null) throw new Error('an entry mends it');
    expect(below.credits).toBe(-10);
    expect(record.entries).toMatchObject([{ type: 'adjust', credits: 5010 }]);
    expect(movedCreditsOf(record)).toBe(5010);
    expect(mayPost(record)).toMatchObject({ ok: false, error: { code: 'second_person_needed' } });
  });

  it.each(['ann', ' Ann', 'ANN '])('is never decided by who proposed it, here as "%s"', (name) => {
    for (const decision of ['approved', 'rejected'] as const) {
      const decided = decideMend(mend(), decision, step(name));
      expect(decided).toMatchObject({ ok: false, error: { code: 'second_person_needed' } });
    }
    expect(mayPost(mend({ state: 'approved', decided: step(name) })).ok).toBe(false);
  });

  it('is withdrawn only by who proposed it', () => {
    expect(decideMend(mend(), 'withdrawn', step('bob'))).toMatchObject({ error: { code: 'permission_denied' } });
    expect(expectOk(decideMend(mend(), 'withdrawn', step('ann'))).state).toBe('withdrawn');
  });

  it.each(['rejected', 'withdrawn', 'posted'] as const)('that is %s is decided no more', (state) => {
    expect(decideMend(mend({ state }), 'approved', step('bob'))).toMatchObject({
      error: { code: 'illegal_transition' },
    });
    expect(mayPost(mend({ state, credits: 1, entries: [] })).ok).toBe(state === 'posted');
  });

  it.each(['approved', 'rejected', 'withdrawn'] as const)('that is being posted cannot be %s any more', (decision) => {
    const by = decision === 'withdrawn' ? 'ann' : 'bob';
    expect(decideMend(mend({ posted: step('cat') }), decision, step(by))).toMatchObject({
      error: { code: 'illegal_transition' },
    });
  });

  it('is dated to the moment of posting, or to the end of the month that it was booked into', () => {
    expect(entriesToPost(mend(), NOW)).toMatchObject([{ at: NOW, period: '2026-11', _id: 'g-1:refund:7001' }]);
    expect(entriesToPost(mend({ bookedIn: '2026-10' }), NOW)).toEqual(mend().entries);
    expect(endOfMonth('2026-10').toISOString()).toBe('2026-10-31T23:59:59.999Z');
    expect(endOfMonth('2026-12').toISOString()).toBe('2026-12-31T23:59:59.999Z');
    expect(endOfMonth('2028-02').toISOString()).toBe('2028-02-29T23:59:59.999Z');
  });
});

describe('a preview of a mend', () => {
  it.each([
    ['refund_owed', 'generation', 'g-1', 'gone'],
    ['pending_overdue', 'entry', null, 'gone'],
    ['key_of_other_generation', 'entry', 'g-1', 'gone'],
    ['invoice_differs', 'entry', 'g-1', 'by_hand'],
    ['entry_changed', 'entry', 'g-1', 'by_hand'],
    ['entry_in_closed_period', 'entry', 'g-1', 'by_hand'],
    ['entry_without_job', 'entry', null, 'by_hand'],
  ] as const)('of %s, which was not found again about a subject of type %s of generation %s, says %s', (...row) => {
    const [rule, type, generationId, outcome] = row;
    const finding: Finding = {
      id: 'x',
      rule,
      ruleNumber: 1,
      case: 'x',
      subject: { type, id: 'x' },
      workspaceId: 'w1',
      jobId: null,
      generationId,
      credits: 5,
      period: null,
      entryKeys: [],
      evidence: '',
    };
    expect(previewOf(finding, undefined, 400).outcome).toBe(outcome);
  });
});

describe('what people make of a finding', () => {
  const finding = { credits: 500 };
  const by = { by: person('ann'), at: NOW };

  it('counts as accepted for the amount that was accepted, and for no other', () => {
    const review = applyReviewAct(noReview('x'), finding, { type: 'accept', reason: 'agreed with the customer' }, by);
    expect(standingOf(finding, review)).toBe('accepted');
    expect(standingOf({ credits: 501 }, review)).toBe('open');
    expect(standingOf(finding, undefined)).toBe('open');
  });

  it('that is said to be solved and found again is open: a run is the proof', () => {
    const review = applyReviewAct(noReview('x'), finding, { type: 'solve', reason: 'refunded' }, by);
    expect(standingOf(finding, review)).toBe('open');
  });

  it('keeps comments in order, and why somebody opened it again', () => {
    const acts = [
      { type: 'comment', text: 'first' },
      { type: 'assign', to: 'bob' },
      { type: 'accept', reason: 'fine' },
      { type: 'reopen', reason: 'not fine' },
    ] as const;
    const review = acts.reduce((before, act) => applyReviewAct(before, finding, act, by), noReview('x'));
    expect(review).toMatchObject({ assignedTo: 'bob', settled: null, version: 4 });
    expect(review.comments.map(({ text }) => text)).toEqual(['first', 'not fine']);
  });
});
