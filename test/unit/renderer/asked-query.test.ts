import { describe, expect, it } from 'vitest';
import { parseJobsQuery } from '../../../renderer/state/jobs-query-string.ts';
import { isAskedCome, wasAsked } from '../../../renderer/views/jobs/asked-query.ts';

describe('a text of the field of filters', () => {
  it('is asked for once where nothing comes of it', () => {
    const under = parseJobsQuery('').filter;
    expect(wasAsked(null, { text: 'tea', under })).toBe(false);
    expect(wasAsked({ text: 'tea', under }, { text: 'tea', under })).toBe(true);
    expect(wasAsked({ text: 'tea', under }, { text: 'teas', under })).toBe(false);
  });

  it('is asked for again when the list came back to a filter in between', () => {
    const under = (): ReturnType<typeof parseJobsQuery>['filter'] => parseJobsQuery('text=tea').filter;
    expect(wasAsked({ text: '', under: under() }, { text: '', under: under() })).toBe(false);
  });

  it('has come where the filter behind the one that it was asked under is its own, and by no other way', () => {
    const before = parseJobsQuery('').filter;
    const last = { text: 'tea', under: before };
    expect(isAskedCome(last, { before, now: parseJobsQuery('text=tea').filter })).toBe(true);
    expect(isAskedCome(last, { before, now: parseJobsQuery('text=tea&state=failed').filter })).toBe(false);
    expect(isAskedCome(last, { before: parseJobsQuery('').filter, now: parseJobsQuery('text=tea').filter })).toBe(
      false,
    );
    expect(isAskedCome(null, { before, now: parseJobsQuery('text=tea').filter })).toBe(false);
  });
});
