import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showRows, type HeldRows, type ShownRows } from '../../../renderer/state/held-rows.ts';

interface Row {
  readonly id: string;
  readonly says: string;
}

const row = (id: string, says = 'as it was'): Row => ({ id, says });
const pageOf = (...ids: readonly string[]): { readonly rows: readonly Row[] } => ({ rows: ids.map((id) => row(id)) });
const heldOf = (...ids: readonly string[]): HeldRows<Row> => ({ rows: ids.map((id) => row(id)), pageCount: 1 });
const idsOf = ({ rows }: ShownRows<Row>): readonly string[] => rows.map((shown) => shown.row.id);
const leftOf = ({ rows }: ShownRows<Row>): readonly string[] =>
  rows.filter(({ hasLeft }) => hasLeft).map((shown) => shown.row.id);

describe('the rows of a list', () => {
  it('are those that were read, in their order, while nobody reads', () => {
    const shown = showRows(null, [pageOf('c', 'b'), pageOf('a')]);
    expect(idsOf(shown)).toEqual(['c', 'b', 'a']);
    expect(leftOf(shown)).toEqual([]);
    expect(shown.waitingCount).toBe(0);
  });
});

describe('the rows of a list that somebody reads', () => {
  it('keep their places, whatever comes, goes or is sorted anew', () => {
    const anyIds = fc.uniqueArray(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 20 });
    fc.assert(
      fc.property(anyIds, fc.array(anyIds, { maxLength: 3 }), (before, after) => {
        const shown = showRows(
          heldOf(...before),
          after.map((ids) => pageOf(...ids)),
        );
        expect(idsOf(shown).slice(0, before.length)).toEqual(before);
      }),
    );
  });

  it('take their new contents where they stand', () => {
    const fresh = { rows: [row('a', 'changed'), row('b')] };
    expect(showRows(heldOf('b', 'a'), [fresh]).rows).toEqual([
      { row: row('b'), hasLeft: false },
      { row: row('a', 'changed'), hasLeft: false },
    ]);
  });

  it('are not joined by new ones, which wait and are counted', () => {
    const shown = showRows(heldOf('b', 'a'), [pageOf('d', 'c', 'b', 'a')]);
    expect(idsOf(shown)).toEqual(['b', 'a']);
    expect(shown.waitingCount).toBe(2);
  });

  it('are marked where they left the list, and stay as they were last seen', () => {
    const shown = showRows(heldOf('c', 'b', 'a'), [pageOf('c', 'a')]);
    expect(idsOf(shown)).toEqual(['c', 'b', 'a']);
    expect(leftOf(shown)).toEqual(['b']);
  });

  it('are not taken for gone where only new ones pushed them out of the page', () => {
    const shown = showRows(heldOf('c', 'b', 'a'), [pageOf('d', 'c', 'b')]);
    expect(idsOf(shown)).toEqual(['c', 'b', 'a']);
    expect(leftOf(shown)).toEqual([]);
    expect(shown.waitingCount).toBe(1);
  });

  it('are followed by those of pages that were read since, which are no news', () => {
    const shown = showRows(heldOf('d', 'c'), [pageOf('d', 'c'), pageOf('b', 'a')]);
    expect(idsOf(shown)).toEqual(['d', 'c', 'b', 'a']);
    expect(leftOf(shown)).toEqual([]);
    expect(shown.waitingCount).toBe(0);
  });

  it('come once, also where new ones pushed them into the next page', () => {
    const shown = showRows(heldOf('c', 'b'), [pageOf('d', 'c'), pageOf('b', 'a')]);
    expect(idsOf(shown)).toEqual(['c', 'b', 'a']);
    expect(shown.waitingCount).toBe(1);
  });
});
