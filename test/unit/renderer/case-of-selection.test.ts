import { describe, expect, it } from 'vitest';
import { jobFilterSchema } from '#contract/job-views.ts';
import { CASE_JOBS_MAX } from '#contract/requests/jobs.ts';
import { caseOf, whyNoCase } from '../../../renderer/views/jobs/case-of-selection.ts';

describe('a case of what is chosen', () => {
  it('is asked for by the ids of single jobs, and by the filter of all that match', () => {
    const filter = jobFilterSchema.parse({ kinds: ['image'] });
    expect(caseOf({ kind: 'ids', ids: new Set(['b', 'a']) })).toEqual({ type: 'ids', ids: ['b', 'a'] });
    expect(caseOf({ kind: 'filter', filter })).toEqual({ type: 'filter', filter });
  });

  it('can be made of as many jobs as a pack holds', () => {
    expect(whyNoCase({ count: 1, isExact: true })).toBeNull();
    expect(whyNoCase({ count: CASE_JOBS_MAX, isExact: true })).toBeNull();
  });

  it('says why it cannot be made of more, of nobody knows how many, of none, and of those that are not counted yet', () => {
    expect(whyNoCase({ count: CASE_JOBS_MAX + 1, isExact: true })).toBe('A case holds at most 500 jobs.');
    expect(whyNoCase({ count: 400, isExact: false })).toBe('A case holds at most 500 jobs.');
    expect(whyNoCase({ count: 0, isExact: true })).toBe('No job is there to be packed.');
    expect(whyNoCase(undefined)).toBe('The jobs are being counted.');
  });
});
