/** The most words of one search; more make it slower and hardly narrower. */
const WORDS_MAX = 20;
/** A last word shorter than this is taken as it is: a beginning of one letter would stand for a large part of everything. */
const PREFIX_CHARS_MIN = 2;

/** The fields that a search can name, as in `error:timeout`. */
const SEARCH_FIELDS = ['prompt', 'error', 'ids', 'user', 'output'] as const;
const FIELD_ALIASES: Readonly<Record<string, (typeof SEARCH_FIELDS)[number]>> = {
  prompt: 'prompt',
  error: 'error',
  id: 'ids',
  ids: 'ids',
  user: 'user',
  output: 'output',
};

/**
 * Turns what a person typed into an FTS5 query. Words must all occur; `"several words"` must occur as they stand; `field:word`
 * looks in one field only; `word*` is a beginning, and so is the last word. Every word is quoted, so that nothing that is
 * typed is ever read as an operator.
 * @returns null where there is no word in it to search for
 */
export function toFtsQuery(text: string): string | null {
  const terms: string[] = [];
  const pattern = /(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi;
  let isLastOpen = false;
  for (const match of text.matchAll(pattern)) {
    if (terms.length === WORDS_MAX) break;
    const [whole, name, phrase, bare] = match;
    const field = name === undefined ? undefined : FIELD_ALIASES[name.toLowerCase()];
    // Something like `https://…` is a word with a colon in it and names no field.
    const words = name !== undefined && field === undefined ? whole.replaceAll('"', ' ') : (phrase ?? bare ?? '');
    const isPrefix = phrase === undefined && words.endsWith('*');
    if (!/[\p{L}\p{N}\p{Co}]/u.test(words)) continue;
    const quoted = `"${words.replaceAll('"', ' ').replaceAll('\0', ' ')}"`;
    terms.push(`${field === undefined ? '' : `${field} : `}${quoted}${isPrefix ? ' *' : ''}`);
    isLastOpen = phrase === undefined && !isPrefix && canBeBeginning(words);
  }
  if (terms.length === 0) return null;
  const typedOn = isLastOpen && !/\s$/.test(text) ? ' *' : '';
  return terms
    .map((term) => `(${term})`)
    .join(' AND ')
    .replace(/\)$/, `${typedOn})`);
}

function canBeBeginning(words: string): boolean {
  const last = words.split(/[^\p{L}\p{N}\p{Co}]+/u).at(-1) ?? '';
  return last.length >= PREFIX_CHARS_MIN;
}
