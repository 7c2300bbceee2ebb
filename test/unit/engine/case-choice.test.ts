import { describe, expect, it } from 'vitest';
import type { CopyReader } from '#cache/copy-reader.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { CASE_JOBS_MAX } from '#contract/requests/jobs.ts';
import { appError } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import { idsOfChoice } from '#engine/handlers/case-choice.ts';

const ALL = { type: 'filter', filter: jobFilterSchema.parse({ kinds: ['image'] }) } as const;

/** A copy in which that many jobs match any filter. */
const copyOf = (matching: number): Pick<CopyReader, 'jobIds'> => ({
  jobIds: (_filter, limit) =>
    Promise.resolve(ok(Array.from({ length: Math.min(limit, matching) }, (_, n) => `job-${n}`))),
});

describe('the jobs of a case', () => {
  it('are those that were chosen, in their order', async () => {
    expect(await idsOfChoice(copyOf(9), { type: 'ids', ids: ['b', 'a'] })).toEqual(ok(['b', 'a']));
  });

  it('are all that a filter finds, as many as a pack holds', async () => {
    expect(await idsOfChoice(copyOf(2), ALL)).toEqual(ok(['job-0', 'job-1']));
    const most = await idsOfChoice(copyOf(CASE_JOBS_MAX), ALL);
    expect(most.ok && most.value.length).toBe(CASE_JOBS_MAX);
  });

  it('are refused and not cut off where a filter finds more', async () => {
    expect(await idsOfChoice(copyOf(CASE_JOBS_MAX + 1), ALL)).toMatchObject({ ok: false, error: { code: 'too_many' } });
  });

  it('are not known to who may not search for what the filter names', async () => {
    const hidden = err(appError('search_hidden'));
    expect(await idsOfChoice({ jobIds: () => Promise.resolve(hidden) }, ALL)).toEqual(hidden);
  });
});
