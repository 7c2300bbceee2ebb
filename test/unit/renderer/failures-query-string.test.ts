import { describe, expect, it } from 'vitest';
import type { FailureCause } from '#contract/failure-views.ts';
import { parseJobQuery } from '#contract/query/job-query.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { planHref } from '../../../renderer/state/failures-query-string.ts';

const CAUSE: FailureCause = {
  fingerprint: 'temporary:overloaded:films/m1:too busy, try "later"',
  class: 'temporary',
  code: 'overloaded',
  kind: 'video',
  provider: 'films',
  model: 'm1',
  message: 'too busy, try "later"',
  jobs: 3,
};

/** The jobs that a plan is made of, as the screen of a new plan reads them from its address. */
function plannedJobs(workspaceId: string | null): unknown {
  const where = new URLSearchParams(planHref(CAUSE, workspaceId).split('?')[1]).get('where') ?? '';
  const { filter, problems } = parseJobQuery(where, CREDIT_SCALE);
  expect(problems).toEqual([]);
  return filter;
}

describe('a plan for the failed jobs of a cause', () => {
  it('is of no other cause', () => {
    expect(plannedJobs(null)).toMatchObject({
      states: ['failed'],
      fingerprint: CAUSE.fingerprint,
      workspaceId: null,
    });
  });

  it('is of the workspace alone whose failures are looked at', () => {
    expect(plannedJobs('acorn studio')).toMatchObject({
      states: ['failed'],
      fingerprint: CAUSE.fingerprint,
      workspaceId: 'acorn studio',
    });
  });
});
