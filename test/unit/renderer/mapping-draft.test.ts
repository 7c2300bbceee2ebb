import { describe, expect, it } from 'vitest';
import { mappingDraftOf, mappingOf, ownPlaceIn, withPair } from '../../../renderer/views/connections/mapping-draft.ts';
import { NO_MAPPING, type JobMapping } from '#domain/mapping/job-mapping.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';

const same = { type: 'same' } as const;

function jobsOf(made: ReturnType<typeof mappingOf>): JobMapping['fields']['jobs'] {
  if ('problem' in made) throw new Error(made.problem);
  return made.mapping.fields.jobs;
}

describe('a mapping while somebody edits it', () => {
  it('is the same mapping again where nothing was edited', () => {
    expect(mappingOf(mappingDraftOf(SHOP_MAPPING))).toEqual({ mapping: SHOP_MAPPING });
  });

  it('takes the fields of elements along where their list goes, those of lists within it too', () => {
    const draft = withPair(mappingDraftOf(SHOP_MAPPING), 'jobs', 'attempts', { theirs: 'runs', form: same });
    const jobs = jobsOf(mappingOf(draft));
    expect(jobs).toContainEqual({ ours: 'attempts[].n', theirs: 'runs[].no', form: same });
    expect(jobs).toContainEqual({
      ours: 'attempts[].validation.checks[].passed',
      theirs: 'runs[].tests[].ok',
      form: same,
    });
    const back = withPair(draft, 'jobs', 'attempts', { theirs: '', form: same });
    expect(jobsOf(mappingOf(back))).toContainEqual({ ours: 'attempts[].n', theirs: 'attempts[].no', form: same });
  });

  it('knows where a field of elements stands without a pair, and needs none for it', () => {
    const draft = withPair(mappingDraftOf(NO_MAPPING), 'jobs', 'history', { theirs: 'log', form: same });
    expect(ownPlaceIn(draft, 'jobs', 'history[].at')).toBe('log[].at');
    const named = withPair(draft, 'jobs', 'history[].at', { theirs: 'log[].at', form: same });
    expect(jobsOf(mappingOf(named))).toEqual([{ ours: 'history', theirs: 'log', form: same }]);
  });

  it('is no mapping with a field of elements outside of its list, and says so', () => {
    const draft = withPair(mappingDraftOf(NO_MAPPING), 'jobs', 'history[].at', { theirs: 'when', form: same });
    expect(mappingOf(draft)).toEqual({ problem: 'Fields: when does not begin with history[]. where history stands' });
  });
});
