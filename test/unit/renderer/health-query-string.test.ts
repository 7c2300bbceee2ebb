import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthGroupSchema } from '#contract/health-views.ts';
import {
  EVERY_JOB,
  healthHref,
  healthPeriodSchema,
  jobsOfHealth,
  parseHealthQuery,
  type HealthScreenView,
} from '../../../renderer/state/health-query-string.ts';
import { jobsHref, NO_FILTER, parseJobsQuery } from '../../../renderer/state/jobs-query-string.ts';

const name = fc.option(fc.string({ unit: 'grapheme' }), { nil: null });
const anyView: fc.Arbitrary<HealthScreenView> = fc.record({
  period: fc.constantFrom(...healthPeriodSchema.options),
  groupBy: fc.constantFrom(null, ...healthGroupSchema.options),
  filter: fc.record({ kind: name, provider: name, model: name, workspaceId: name }),
});

describe('the address of the screen of health', () => {
  it('holds all of a view', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        expect(parseHealthQuery(healthHref(view).split('?').slice(1).join('?'))).toEqual(view);
      }),
    );
  });

  it('drops what makes no sense and keeps the rest', () => {
    expect(parseHealthQuery('period=forever&by=colour&kind=image')).toMatchObject({
      period: '24h',
      groupBy: 'kind',
      filter: { kind: 'image' },
    });
  });
});

describe('the list of jobs behind a figure of health', () => {
  it.each([
    ['kind', { kinds: ['a, b'] }],
    ['provider', { providers: ['a, b'] }],
    ['model', { models: ['a, b'] }],
    ['workspaceId', { workspaceId: 'a, b' }],
  ] as const)('is restricted as the figure is: by %s', (field, expected) => {
    const href = jobsHref(jobsOfHealth({ ...EVERY_JOB, [field]: 'a, b' }));
    expect(parseJobsQuery(href.split('?')[1] ?? '').filter).toEqual({ ...NO_FILTER, ...expected });
  });

  it('is every job where nothing is restricted', () => {
    expect(jobsHref(jobsOfHealth(EVERY_JOB))).toBe('/jobs');
  });
});
