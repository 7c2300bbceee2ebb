import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAroundHit, markHits, searchOfNames, searchTermsOf } from '#contract/query/search-terms.ts';

function marked(text: string, query: string, field: 'prompt' | 'error' = 'prompt'): string {
  return markHits(text, searchTermsOf(query), field)
    .map((part) => (part.isHit ? `[${part.text}]` : part.text))
    .join('');
}

describe('what was searched for is marked in a text', () => {
  it.each([
    ['words wherever they stand', 'tea green', 'Green tea, green cars', '[Green] [tea], [green] cars'],
    ['the last word as a beginning', 'gre', 'Green agreement', '[Green] agreement'],
    ['a word that is closed by a space as a whole', 'gre ', 'Green gre', 'Green [gre]'],
    ['a beginning by its star', 'te* green', 'tea temple green', '[tea] [temple] [green]'],
    ['a phrase only as it stands', '"green tea"', 'green tea and tea, green', '[green tea] and tea, green'],
    ['whatever the case and the accents', 'cafe', 'Un Café noir', 'Un [Café] noir'],
    ['hits that run into one another as one', '"green tea" "tea pot"', 'a green tea pot', 'a [green tea pot]'],
    ['nothing of another field', 'error:green', 'green', 'green'],
    ['nothing inside of a word', 'art', 'smart artist', 'smart [artist]'],
    ['nothing where nothing is searched for', '  ', 'green', 'green'],
  ])('%s', (_, query, text, expected) => {
    expect(marked(text, query)).toBe(expected);
  });

  it('in the field that is named', () => {
    expect(marked('Quota exceeded', 'error:quota', 'error')).toBe('[Quota] exceeded');
  });

  it('and a long text is cut around the first of it', () => {
    const text = `${'word '.repeat(200)}needle ${'word '.repeat(200)}`;
    const parts = cutAroundHit(text, searchTermsOf('needle '), { field: 'prompt', chars: 60 });
    expect(parts?.map((part) => part.text).join('')).toMatch(/^….*needle.*$/);
    expect(parts?.filter((part) => part.isHit).map((part) => part.text)).toEqual(['needle']);
    expect(parts?.map((part) => part.text).join('').length).toBeLessThan(70);
    expect(cutAroundHit(text, searchTermsOf('absent '), { field: 'prompt', chars: 60 })).toBeNull();
  });
});

describe('what is marked', () => {
  /** Words of a text in turn, one by one and with nothing left out. */
  function foldedWords(
    text: string,
  ): readonly { readonly folded: string; readonly from: number; readonly to: number }[] {
    return Array.from(text.matchAll(/[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu), (match) => ({
      folded: match[0].normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase(),
      from: match.index,
      to: match.index + match[0].length,
    }));
  }

  /** Every character that belongs to a hit, found by trying each term at each word. */
  function hitCharacters(text: string, query: string): ReadonlySet<number> {
    const words = foldedWords(text);
    const hits = new Set<number>();
    for (const { field, words: wanted, isPrefix } of searchTermsOf(query)) {
      if (field !== null && field !== 'prompt') continue;
      const sought = foldedWords(wanted).map(({ folded }) => folded);
      words.forEach(({ from }, start) => {
        const last = words[start + sought.length - 1];
        const isHit = sought.every((word, n) => {
          const folded = words[start + n]?.folded ?? '';
          return isPrefix && n === sought.length - 1 ? folded.startsWith(word) : folded === word;
        });
        for (let at = from; isHit && last !== undefined && at < last.to; at += 1) hits.add(at);
      });
    }
    return hits;
  }

  const piece = fc.constantFrom(
    'a',
    'te',
    'tea',
    'Tea',
    'steam',
    'pot',
    'é',
    'Café',
    '\u{1f375}',
    '7',
    ' ',
    '-',
    ', ',
    '_',
    '"',
    '*',
    'prompt:',
  );
  const anyText = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

  it('is every place of what was searched for and nothing else, with and without accents', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, query) => {
        const parts = markHits(text, searchTermsOf(query), 'prompt');
        expect(parts.map((part) => part.text).join('')).toBe(text);
        const marks = parts.flatMap((part) => Array.from({ length: part.text.length }, () => part.isHit));
        const expected = hitCharacters(text, query);
        expect(marks).toEqual(Array.from({ length: text.length }, (_, at) => expected.has(at)));
        const cut = cutAroundHit(text, searchTermsOf(query), { field: 'prompt', chars: 1000 });
        expect(cut).toEqual(expected.size === 0 ? null : parts);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a search in names alone', () => {
  it('asks for the same words in ids and users and in nothing else, whatever was typed', () => {
    const word = fc.constantFrom('tea', 'ws-1', 'a*', '"two words"', 'https://x', 'nofield:y', 'x"y', '*', '');
    const field = fc.constantFrom('', 'ids:', 'id:', 'user:', 'prompt:', 'error:', 'output:');
    const typed = fc.array(
      fc.tuple(field, word).map((parts) => parts.join('')),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          typed.map((parts) => parts.join(' ')),
          fc.string(),
        ),
        (text) => {
          const terms = searchTermsOf(text);
          const narrowed = searchOfNames(text);
          const asksForWords = terms.some((one) => one.field !== null && one.field !== 'ids' && one.field !== 'user');
          expect(narrowed === null).toBe(asksForWords);
          if (narrowed === null) return;
          const names = searchTermsOf(narrowed);
          const bare = (words: string): string => words.replace(/\*$/, '').trim();
          expect(names.map((one) => ({ ...one, words: bare(one.words) }))).toEqual(
            terms.map((one) => ({ ...one, field: one.field ?? 'ids', words: bare(one.words) })),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
