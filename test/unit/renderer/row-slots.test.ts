import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowSlots, type PlacedRow } from '../../../renderer/views/jobs/row-slots.ts';

const anyIds = fc.uniqueArray(fc.integer({ min: 0, max: 60 }).map(String), { maxLength: 30 });
const anySteps = fc.array(fc.record({ ids: anyIds, isAtRest: fc.boolean() }), { maxLength: 20 });

const slotOf = (placed: readonly PlacedRow[], index: number): number | undefined =>
  placed.find((one) => one.index === index)?.slot;

describe('the places of rows in the page', () => {
  it('are one for each row, whatever rows come and go', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const slots = new RowSlots();
        for (const { ids, isAtRest } of steps) {
          const placed = slots.place(ids, isAtRest);
          expect(placed.map(({ index }) => index).toSorted((left, right) => left - right)).toEqual([...ids.keys()]);
          expect(new Set(placed.map(({ slot }) => slot)).size).toBe(ids.length);
        }
      }),
    );
  });

  it('are kept by every row that stays', () => {
    fc.assert(
      fc.property(anyIds, anyIds, fc.boolean(), (before, after, isAtRest) => {
        const slots = new RowSlots();
        const first = slots.place(before, true);
        const second = slots.place(after, isAtRest);
        const stayed = before.filter((id) => after.includes(id));
        const slotsIn = (placed: readonly PlacedRow[], ids: readonly string[]): readonly (number | undefined)[] =>
          stayed.map((id) => slotOf(placed, ids.indexOf(id)));
        expect(slotsIn(second, after)).toEqual(slotsIn(first, before));
      }),
    );
  });

  it('are never more than the rows that were there at once, while as many come as go', () => {
    const slots = new RowSlots();
    const seen = new Set<number>();
    for (let top = 0; top < 500; top += 3) {
      const ids = Array.from({ length: 40 }, (_, n) => String(top + n));
      for (const { slot } of slots.place(ids, false)) seen.add(slot);
    }
    expect(seen.size).toBe(40);
  });

  it('keep their order in the page while rows are in motion, and stand in the order of the rows at rest', () => {
    fc.assert(
      fc.property(anyIds, anyIds, (before, after) => {
        const slots = new RowSlots();
        const first = slots.place(before, true).map(({ slot }) => slot);
        const moving = slots.place(after, false).map(({ slot }) => slot);
        expect(moving.filter((slot) => first.includes(slot))).toEqual(first.filter((slot) => moving.includes(slot)));
        expect(slots.place(after, true).map(({ index }) => index)).toEqual([...after.keys()]);
      }),
    );
  });

  it('do not change when the same is asked again', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const slots = new RowSlots();
        for (const { ids, isAtRest } of steps) {
          expect(slots.place(ids, isAtRest)).toEqual(slots.place(ids, isAtRest));
        }
      }),
    );
  });
});
