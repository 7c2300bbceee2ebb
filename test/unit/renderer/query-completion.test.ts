import { describe, expect, it } from 'vitest';
import { completeQuery, type Completion, type Vocabulary } from '../../../renderer/views/jobs/query-completion.ts';

const KNOWN: Vocabulary = {
  kind: ['website', 'image', 'film'],
  workspace: ['acorn-studio', 'a "quoted", name', 'tea house'],
  provider: Array.from({ length: 15 }, (_, n) => `provider-${n}`),
};

/** What is offered where `|` stands in the query. */
function offeredAt(marked: string): readonly Completion[] {
  const caret = marked.indexOf('|');
  return completeQuery(marked.replace('|', ''), caret, KNOWN);
}

const namesAt = (marked: string): readonly string[] => offeredAt(marked).map(({ says }) => says);

/** The query after the option of that name was taken, with `|` where the caret stands then. */
function taken(marked: string, says: string): string {
  const option = offeredAt(marked).find((each) => each.says === says);
  if (option === undefined) throw new Error(`${says} is not offered at ${marked}`);
  const query = marked.replace('|', '');
  return `${query.slice(0, option.start)}${option.insert}|${query.slice(option.end)}`;
}

describe('the completion of a query', () => {
  it('offers every name of a token with what it means, where nothing is typed', () => {
    expect(namesAt('|')).toEqual([
      'state:',
      'kind:',
      'provider:',
      'model:',
      'workspace:',
      'user:',
      'class:',
      'code:',
      'cost:',
      'since:',
      'until:',
    ]);
    expect(offeredAt('|')[0]?.hint).toBe('where it stands');
  });

  it('offers names again after a space', () => {
    expect(namesAt('kind:image |')).toContain('state:');
  });

  it('offers the names that begin with what is typed, in either case', () => {
    expect(namesAt('co|')).toEqual(['code:', 'cost:']);
    expect(namesAt('tea STA|')).toEqual(['state:']);
  });

  it('offers nothing for a word that begins no name', () => {
    expect(namesAt('bakery|')).toEqual([]);
  });

  it('puts the name in the place of the whole word', () => {
    expect(taken('tea ki| since:2h', 'kind:')).toBe('tea kind:| since:2h');
    expect(taken('k|i', 'kind:')).toBe('kind:|');
  });

  it('offers the states and classes that there are, whatever the vocabulary', () => {
    expect(namesAt('state:|')).toEqual(['queued', 'running', 'validating', 'completed', 'failed', 'retrying']);
    expect(namesAt('class:rate|')).toEqual(['rate_limit']);
  });

  it('offers the values of the vocabulary that begin with what is typed, in either case', () => {
    expect(namesAt('kind:|')).toEqual(['website', 'image', 'film']);
    expect(namesAt('kind:IM|')).toEqual(['image']);
  });

  it('puts a value in the place of what is typed of it, and a space behind it', () => {
    expect(taken('kind:im| tea', 'image')).toBe('kind:image | tea');
  });

  it('goes on behind a comma, and offers no value that is given already', () => {
    expect(namesAt('kind:image,|')).toEqual(['website', 'film']);
    expect(taken('kind:image,fi|', 'film')).toBe('kind:image,film |');
  });

  it('offers nothing where the value is whole', () => {
    expect(namesAt('kind:image|')).toEqual([]);
  });

  it('quotes a value that would not be one otherwise', () => {
    expect(taken('workspace:tea|', 'tea house')).toBe('workspace:"tea house" |');
    expect(taken('workspace:a|', 'a "quoted", name')).toBe('workspace:"a \\"quoted\\", name" |');
  });

  it('offers nothing within quotes', () => {
    expect(namesAt('workspace:"tea |')).toEqual([]);
  });

  it('offers ten values at most', () => {
    expect(namesAt('provider:|')).toHaveLength(10);
  });

  it('looks at what stands before the caret only', () => {
    expect(namesAt('ki| state:failed')).toEqual(['kind:']);
    expect(namesAt('state:fa| kind:image')).toEqual(['failed']);
  });
});
