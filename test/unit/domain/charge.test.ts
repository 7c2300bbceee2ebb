import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  heldCreditsOf,
  owedForCompletion,
  owedForFailure,
  owedForReservation,
  proveChargeStatus,
  settlePending,
  statusOfFigures,
} from '#domain/charge.ts';
import { findViolations } from '#domain/invariants.ts';
import type { Billing, ChargeStatus } from '#domain/job.ts';
import type { EntryType, PendingEntry } from '#domain/ledger.ts';
import { MoneyModel, moneyStep } from '../../support/model-money.ts';

const AT = new Date('2026-10-01T09:00:00Z');

function billing(fields: Partial<Billing> = {}): Billing {
  return {
    status: 'not_charged',
    generationId: 'g',
    price: 100,
    reserved: 0,
    captured: 0,
    refunded: 0,
    pending: [],
    blocked: null,
    ...fields,
  };
}

function pending(type: PendingEntry['type'], credits: number, n = 1): PendingEntry {
  const actor = { type: 'system', id: 'test' } as const;
  return { key: `g:${type}:${n}`, type, credits, attempt: 1, at: AT, actor, reason: 'test' };
}

describe('what a generation owes', () => {
  it.each<{ case: string; given: Partial<Billing>; keys: string[] }>([
    { case: 'nothing reserved', given: {}, keys: ['g:reserve:1'] },
    { case: 'free of charge', given: { price: 0 }, keys: [] },
    { case: 'already reserved', given: { reserved: 100 }, keys: [] },
    { case: 'already captured', given: { captured: 100 }, keys: [] },
    { case: 'a reservation on its way', given: { pending: [pending('reserve', 100)] }, keys: [] },
  ])('a reservation where there is $case: $keys', ({ given, keys }) => {
    expect(owedForReservation(billing(given)).map((entry) => entry.key)).toEqual(keys);
  });

  it.each<{ case: string; given: Partial<Billing>; held: number }>([
    { case: 'a standing reservation', given: { reserved: 100 }, held: 100 },
    { case: 'a reservation on its way', given: { pending: [pending('reserve', 100)] }, held: 100 },
    { case: 'a capture on its way', given: { reserved: 100, pending: [pending('capture', 100)] }, held: 0 },
    { case: 'a release on its way', given: { reserved: 100, pending: [pending('release', 40)] }, held: 60 },
    { case: 'a refund on its way', given: { captured: 100, pending: [pending('refund', 100)] }, held: 0 },
  ])('is settled from the stored hold: $case leaves $held', ({ given, held }) => {
    const figures = billing(given);
    expect(heldCreditsOf(figures)).toBe(held);
    const credits = (entries: readonly { credits: number }[]): number =>
      entries.reduce((sum, entry) => sum + entry.credits, 0);
    expect(credits(owedForCompletion(figures, null))).toBe(held);
    expect(credits(owedForFailure(figures, 'release', 'test'))).toBe(held);
    // Neither asks the price: a price list that changed since does not change what is held.
    expect(credits(owedForCompletion({ ...figures, price: 1 }, null))).toBe(held);
  });

  it.each<{ charge: 'release' | 'capture'; finalCredits: number | null; owed: readonly [string, number][] }>([
    { charge: 'release', finalCredits: 30, owed: [['g:release:1', 100]] },
    { charge: 'capture', finalCredits: null, owed: [['g:capture:1', 100]] },
    { charge: 'capture', finalCredits: 130, owed: [['g:capture:1', 100]] },
    {
      charge: 'capture',
      finalCredits: 30,
      owed: [
        ['g:capture:1', 30],
        ['g:release:1', 70],
      ],
    },
    { charge: 'capture', finalCredits: 0, owed: [['g:release:1', 100]] },
  ])('a failure whose charge is a $charge of $finalCredits owes $owed', ({ charge, finalCredits, owed }) => {
    const entries = owedForFailure(billing({ reserved: 100 }), charge, 'test', finalCredits);
    expect(entries.map(({ key, credits }) => [key, credits])).toEqual(owed);
  });

  it('an entry that is not pending settles nothing', () => {
    const figures = billing({ reserved: 100 });
    expect(settlePending(figures, 'g:capture:1')).toBe(figures);
  });
});

describe('the charge status', () => {
  it.each<{ reserved: number; captured: number; refunded: number; status: ChargeStatus }>([
    { reserved: 0, captured: 0, refunded: 0, status: 'not_charged' },
    { reserved: 100, captured: 0, refunded: 0, status: 'reserved' },
    { reserved: 0, captured: 100, refunded: 0, status: 'charged' },
    { reserved: 0, captured: 100, refunded: 40, status: 'charged' },
    { reserved: 0, captured: 100, refunded: 100, status: 'refunded' },
  ])('of $reserved reserved, $captured captured, $refunded refunded is $status', ({ status, ...figures }) => {
    expect(statusOfFigures(figures)).toBe(status);
  });

  const entry = (type: EntryType, credits: number): { _id: string; type: EntryType; credits: number } => ({
    _id: `g:${type}:1`,
    type,
    credits,
  });
  it.each<{
    case: string;
    given: Partial<Billing>;
    entries: readonly (readonly [EntryType, number])[];
    hold: number | null;
    status: ChargeStatus;
  }>([
    { case: 'nothing anywhere', given: {}, entries: [], hold: 0, status: 'not_charged' },
    {
      case: 'a hold that all three know',
      given: { reserved: 100 },
      entries: [['reserve', 100]],
      hold: 100,
      status: 'reserved',
    },
    {
      case: 'a capture that all three know',
      given: { captured: 100 },
      entries: [
        ['reserve', 100],
        ['capture', 100],
      ],
      hold: 0,
      status: 'charged',
    },
    {
      case: 'an account that could not be read',
      given: { captured: 100 },
      entries: [
        ['reserve', 100],
        ['capture', 100],
      ],
      hold: null,
      status: 'charged',
    },
    {
      case: 'a capture that the job does not know',
      given: { reserved: 100 },
      entries: [
        ['reserve', 100],
        ['capture', 100],
      ],
      hold: 0,
      status: 'unknown',
    },
    { case: 'a hold that the ledger does not know', given: {}, entries: [], hold: 100, status: 'unknown' },
    {
      case: 'a capture without a reservation',
      given: { captured: 100 },
      entries: [['capture', 100]],
      hold: 0,
      status: 'unknown',
    },
    {
      case: 'a refund above the capture',
      given: { refunded: 100 },
      entries: [['refund', 100]],
      hold: 0,
      status: 'unknown',
    },
    {
      case: 'a capture above the price',
      given: { captured: 200 },
      entries: [
        ['reserve', 200],
        ['capture', 200],
      ],
      hold: 0,
      status: 'unknown',
    },
    {
      case: 'an entry still owed',
      given: { reserved: 100, pending: [pending('capture', 100)] },
      entries: [
        ['reserve', 100],
        ['capture', 100],
      ],
      hold: 0,
      status: 'charged',
    },
  ])('$case proves $status', ({ given, entries, hold, status }) => {
    const proof = proveChargeStatus(
      billing(given),
      entries.map(([type, credits]) => entry(type, credits)),
      hold,
    );
    expect(proof.status).toBe(status);
    expect(proof.evidence.length > 0).toBe(status === 'unknown');
  });
});

describe('the charge protocol in plain values', () => {
  const steps = fc.array(moneyStep, { maxLength: 40 });

  it('captures less refunds is 0 or at most the price of its generation after any sequence, deaths included', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const model = new MoneyModel();
        const prices = new Map<string, number>();
        for (const step of taken) {
          model.take(step);
          prices.set(model.job.billing.generationId, model.job.billing.price);
          const net = new Map<string, number>();
          for (const one of model.ledger.values()) {
            if (one.type !== 'capture' && one.type !== 'refund') continue;
            const sign = one.type === 'capture' ? 1 : -1;
            net.set(one.generationId ?? '', (net.get(one.generationId ?? '') ?? 0) + sign * one.credits);
          }
          for (const [generation, credits] of net) {
            expect(credits).toBeGreaterThanOrEqual(0);
            expect(credits).toBeLessThanOrEqual(prices.get(generation) ?? 0);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('without a metered price a generation is captured whole or not at all', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const model = new MoneyModel();
        const prices = new Map<string, number>();
        for (const step of taken) {
          const isMetered = step.type === 'event' && step.event.type === 'complete';
          model.take(isMetered ? { ...step, event: { ...step.event, finalCredits: null } } : step);
          prices.set(model.job.billing.generationId, model.job.billing.price);
        }
        model.rest();
        const captures = [...model.ledger.values()].filter((one) => one.type === 'capture');
        for (const one of captures) expect(one.credits).toBe(prices.get(one.generationId ?? ''));
      }),
      { numRuns: 500 },
    );
  });

  it('no invariant is broken at any moment, and at rest the charge of every job is proved', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const model = new MoneyModel();
        for (const step of taken) {
          model.take(step);
          expect(findViolations(model.books())).toEqual([]);
        }
        model.rest();
        expect(findViolations(model.books())).toEqual([]);
        const { billing: figures } = model.job;
        const entries = [...model.ledger.values()].filter((one) => one.generationId === figures.generationId);
        const hold = model.account.holds[figures.generationId]?.credits ?? 0;
        expect(proveChargeStatus(figures, entries, hold)).toEqual({ status: figures.status, evidence: [] });
      }),
      { numRuns: 500 },
    );
  });
});
