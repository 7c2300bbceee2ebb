import { searchTermsOf } from '#contract/query/search-terms.ts';

/**
 * Turns what a person typed into an FTS5 query; see `searchTermsOf`. Every word is quoted, so that nothing that is typed is ever
 * read as an operator.
 * @returns null where there is no word in it to search for
 */
export function toFtsQuery(text: string): string | null {
  const terms = searchTermsOf(text).map(
    ({ field, words, isPrefix }) => `(${field === null ? '' : `${field} : `}"${words}"${isPrefix ? ' *' : ''})`,
  );
  return terms.length === 0 ? null : terms.join(' AND ');
}
