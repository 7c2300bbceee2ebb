import { describe, expect, it } from 'vitest';
import type { RetryPreviewView } from '#contract/retry-views.ts';
import type { KeptDraft } from '../../../renderer/state/drafts.ts';
import { retryOrderOf } from '../../../renderer/state/draft-sending.ts';
import { jobHindrance } from '../../../renderer/views/drafts/draft-words.ts';

type Body = KeptDraft<'retry'>['body'];

function draft(body: Partial<Body> = {}): KeptDraft<'retry'> {
  return {
    id: 'd1',
    kind: 'retry',
    subjectId: 'j1',
    seenVersion: null,
    madeAtMs: 0,
    body: { reason: 'the provider is back', edited: null, seenState: 'failed', seenUpdatedAtMs: 0, ...body },
  };
}

function preview(part: Partial<RetryPreviewView> = {}): RetryPreviewView {
  return {
    jobId: 'j1',
    version: 7,
    verdict: { verdict: 'retry', why: 'It may be retried.', policyVersion: 1 },
    failureClass: 'temporary',
    chargeStatus: 'not_charged',
    evidence: [],
    price: { type: 'exact', value: 500 },
    providerCost: { type: 'unknown', basis: 'none' },
    balance: { beforeCredits: 1000, afterCredits: 500 },
    experience: { retried: 0, succeeded: 0, windowMs: 1000 },
    warnings: [],
    ...part,
  };
}

const ACCEPTED = { type: 'provider_accepted', acceptanceId: 'a1' } as const;

describe('a retry that was kept while the server was away', () => {
  it('collects what the provider has accepted meanwhile, whatever reason was written, and buys it no second time', () => {
    const order = retryOrderOf(draft(), preview({ warnings: [ACCEPTED] }));
    expect(order).toMatchObject({ requestId: 'd1', jobId: 'j1', version: 7, isCollecting: true });
  });

  it('is bought where nothing was accepted, or where its input was edited', () => {
    expect(retryOrderOf(draft(), preview()).isCollecting).toBe(false);
    const edited = { prompt: 'A bakery', optionsJson: '{}' };
    expect(retryOrderOf(draft({ edited }), preview({ warnings: [ACCEPTED] })).isCollecting).toBe(false);
  });

  it('needs no reason to collect, and one to be paid again', () => {
    const why = 'The provider accepted it.';
    const collect = preview({
      verdict: { verdict: 'collect_first', acceptanceId: 'a1', why, policyVersion: 1 },
      warnings: [ACCEPTED],
    });
    const check = { kind: 'retry', preview: collect } as const;
    expect(jobHindrance(draft({ reason: '' }), check)).toBeNull();
    const paid = preview({ verdict: { verdict: 'refund_first', why: 'It was charged.', policyVersion: 1 } });
    expect(jobHindrance(draft({ reason: '' }), { kind: 'retry', preview: paid })).toContain('It needs a reason');
  });
});
