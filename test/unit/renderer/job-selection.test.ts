import { beforeEach, describe, expect, it } from 'vitest';
import type { JobFilter } from '#contract/job-views.ts';
import { isAllOf, isSelected, planHref, useJobSelection } from '../../../renderer/state/job-selection.ts';
import { NO_FILTER, parseJobsQuery, toJobsQuery, DEFAULT_SORT } from '../../../renderer/state/jobs-query-string.ts';

const IMAGES: JobFilter = { ...NO_FILTER, kinds: ['image'] };
const FILMS: JobFilter = { ...NO_FILTER, kinds: ['video'] };

function isShownAsChosen(id: string, shown: JobFilter): boolean {
  const { selection } = useJobSelection.getState();
  return isSelected(selection, id, isAllOf(selection, shown));
}

describe('what is chosen in the list of jobs', () => {
  beforeEach(() => useJobSelection.getState().clear());

  it('stays chosen, row by row, under another filter', () => {
    useJobSelection.getState().toggle('a');
    expect(isShownAsChosen('a', IMAGES)).toBe(true);
    expect(isShownAsChosen('a', FILMS)).toBe(true);
    expect(isShownAsChosen('b', FILMS)).toBe(false);
  });

  it('is all that a filter matches, and no row of another filter is shown as one of them', () => {
    useJobSelection.getState().selectAll(IMAGES);
    expect(isShownAsChosen('a', IMAGES)).toBe(true);
    expect(isShownAsChosen('a', FILMS)).toBe(false);
    expect(isShownAsChosen('a', NO_FILTER)).toBe(false);
    expect(planHref(useJobSelection.getState().selection)).toBe('/plans/new?where=kind%3Aimage');
  });

  it('is the same by an address that was read anew', () => {
    useJobSelection.getState().selectAll(IMAGES);
    const again = parseJobsQuery(toJobsQuery({ filter: IMAGES, sort: DEFAULT_SORT, startAtMs: null })).filter;
    expect(isShownAsChosen('a', again)).toBe(true);
  });
});
