import fc from 'fast-check';
import { Binary } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { failureClassSchema } from '#domain/failure.ts';
import { chargeStatusSchema, jobStateSchema } from '#domain/job.ts';
import { planGroupSchema, type PlanItem } from '#domain/retry-plan/plan-item.ts';
import { packItems, unpackItems } from '#store/packed-items.ts';
import { expectOk } from '../../support/expect-ok.ts';

const itemArbitrary: fc.Arbitrary<PlanItem> = fc.record({
  jobId: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  version: fc.nat(),
  workspaceId: fc.string({ maxLength: 40 }),
  state: fc.option(fc.constantFrom(...jobStateSchema.options)),
  failureClass: fc.option(fc.constantFrom(...failureClassSchema.options)),
  chargeStatus: fc.constantFrom(...chargeStatusSchema.options),
  priceCredits: fc.nat(),
  costMicroUsd: fc.option(fc.nat()),
  group: fc.constantFrom(...planGroupSchema.options),
  sameInputAs: fc.option(fc.string({ maxLength: 40 })),
  why: fc.string({ maxLength: 200, unit: 'grapheme' }),
});

const item: PlanItem = {
  jobId: 'j1',
  version: 3,
  workspaceId: 'w1',
  state: 'failed',
  failureClass: 'temporary',
  chargeStatus: 'not_charged',
  priceCredits: 100,
  costMicroUsd: null,
  group: 'eligible',
  sameInputAs: null,
  why: 'A temporary failure.',
};

describe('the items of a plan as one document keeps them', () => {
  it('are read as they were packed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(itemArbitrary, { maxLength: 50 }), async (items) => {
        expect(expectOk(await unpackItems(await packItems(items), 'items'))).toEqual(items);
      }),
    );
  });

  it('are read from a chunk of an older version, which holds them as they are', async () => {
    expect(expectOk(await unpackItems({ _id: 'p:000000', items: [item] }, 'items'))).toEqual([item]);
  });

  it('take less than a twentieth of the space that they have as text', async () => {
    const items = Array.from({ length: 1000 }, (_, n) => ({ ...item, jobId: `job-${n}` }));
    const { packed } = await packItems(items);
    expect(packed.length() * 20).toBeLessThan(JSON.stringify(items).length);
  });

  it.each([
    ['bytes that were cut off', async () => new Binary((await packItems([item])).packed.buffer.subarray(0, 20))],
    ['bytes that are no items', async () => (await packItems([{ ...item, version: -1 }])).packed],
    ['no bytes', () => Promise.resolve('packed')],
  ])('that hold %s are an error, and nothing is passed over', async (_name, packed) => {
    const read = await unpackItems({ packed: await packed(), packing: 'deflate-json-1' }, 'items of plan p');
    expect(read).toMatchObject({ ok: false, error: { code: 'malformed_document' } });
  });
});
