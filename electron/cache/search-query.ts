import { searchTermsOf, type SearchTerm } from '#contract/query/search-terms.ts';

/** Of what is typed in these characters alone it is certain that the index has the same words. */
const PRINTABLE_ASCII = /^[ -~]*$/;

/**
 * Turns what a person typed into an FTS5 query; see `searchTermsOf`. Every word is quoted, so that nothing that is typed is ever
 * read as an operator.
 * @param wordsBeginning names the words of the index with a beginning, which are then looked for in its place; null leaves it to FTS5
 * @returns null where there is no word in it to search for
 */
export function toFtsQuery(
  text: string,
  wordsBeginning: (beginning: string) => readonly string[] | null = () => null,
): string | null {
  const terms = searchTermsOf(text).map((term) => {
    const phrases = phrasesOf(term, wordsBeginning).join(' OR ');
    return term.field === null ? `(${phrases})` : `(${term.field} : (${phrases}))`;
  });
  return terms.length === 0 ? null : terms.join(' AND ');
}

function phrasesOf(
  { words, folded, isPrefix }: SearchTerm,
  wordsBeginning: (beginning: string) => readonly string[] | null,
): readonly string[] {
  if (!isPrefix) return [`"${words}"`];
  const whole = PRINTABLE_ASCII.test(words) ? wordsBeginning(folded.at(-1) ?? '') : null;
  if (whole === null || whole.length === 0) return [`"${words}" *`];
  return whole.map((word) => `"${[...folded.slice(0, -1), word].join(' ')}"`);
}
