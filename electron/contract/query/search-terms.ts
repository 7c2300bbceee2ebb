/** The fields that a search can name, as in `error:timeout`. */
export const SEARCH_FIELDS = ['prompt', 'error', 'ids', 'user', 'output'] as const;
export type SearchField = (typeof SEARCH_FIELDS)[number];

/** The most words of one search; more make it slower and hardly narrower. */
const TERMS_MAX = 20;
/** A last word shorter than this is taken as it is: a beginning of one letter would stand for a large part of everything. */
const PREFIX_CHARS_MIN = 2;

const FIELD_ALIASES: Readonly<Record<string, SearchField>> = {
  prompt: 'prompt',
  error: 'error',
  id: 'ids',
  ids: 'ids',
  user: 'user',
  output: 'output',
};

/** One part of a search: words that must occur as they stand, in one field or in any. */
export interface SearchTerm {
  readonly field: SearchField | null;
  readonly words: string;
  /** The same words as the search index has them; one at least. */
  readonly folded: readonly string[];
  /** True where the last of the words may go on. */
  readonly isPrefix: boolean;
}

/**
 * Reads what a person typed. Words must all occur; `"several words"` must occur as they stand; `field:word` looks in one field
 * only; `word*` is a beginning, and so is the last word while nothing follows it.
 */
export function searchTermsOf(text: string): readonly SearchTerm[] {
  const terms: SearchTerm[] = [];
  const pattern = /(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi;
  let isLastOpen = false;
  for (const match of text.matchAll(pattern)) {
    if (terms.length === TERMS_MAX) break;
    const [whole, name, phrase, bare] = match;
    const field = name === undefined ? undefined : FIELD_ALIASES[name.toLowerCase()];
    // Something like `https://…` is a word with a colon in it and names no field.
    const words = name !== undefined && field === undefined ? whole.replaceAll('"', ' ') : (phrase ?? bare ?? '');
    const tokens = tokensOf(words);
    if (tokens.length === 0) continue;
    const isPrefix = phrase === undefined && words.endsWith('*');
    const folded = tokens.map((token) => token.folded);
    terms.push({ field: field ?? null, words: words.replaceAll(/["\0]/g, ' '), folded, isPrefix });
    isLastOpen = phrase === undefined && !isPrefix && canBeBeginning(words);
  }
  const last = terms.at(-1);
  if (last !== undefined && isLastOpen && !/\s$/.test(text)) terms[terms.length - 1] = { ...last, isPrefix: true };
  return terms;
}

/** Fields that name something and hold no words of anybody. */
const NAMING: readonly SearchField[] = ['ids', 'user'];

/**
 * The same search in names alone, for whom words are hidden: what names no field is looked for in ids.
 * @returns null where it asks for a field of words
 */
export function searchOfNames(text: string): string | null {
  const parts: string[] = [];
  for (const { field, words, isPrefix } of searchTermsOf(text)) {
    if (field !== null && !NAMING.includes(field)) return null;
    const name = field ?? 'ids';
    parts.push(isPrefix ? `${name}:${words.replace(/\*$/, '')}*` : `${name}:"${words}"`);
  }
  return parts.join(' ');
}

function canBeBeginning(words: string): boolean {
  const last = words.split(/[^\p{L}\p{N}\p{Co}]+/u).at(-1) ?? '';
  return last.length >= PREFIX_CHARS_MIN;
}

/** A word of a text as the search index has it, and where it stands. */
interface Token {
  readonly folded: string;
  readonly from: number;
  readonly to: number;
}

// oxlint-disable-next-line no-control-regex -- all of ASCII is meant, whatever it is used for
const ASCII = /^[\0-\x7f]*$/;

/** Words are letters, digits and what marks them; case and accents do not count, as in the index. */
function tokensOf(text: string): readonly Token[] {
  if (ASCII.test(text)) return asciiTokens(text.toLowerCase(), 0);
  return Array.from(text.matchAll(/[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu), (match) => ({
    folded: match[0].normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase(),
    from: match.index,
    to: match.index + match[0].length,
  }));
}

/** Words of a text of ASCII in small letters: most texts have no accent to take off, and each token of them would be looked through for some. */
function asciiTokens(lower: string, start: number): readonly Token[] {
  const tokens: Token[] = [];
  // A word that begins before the start is left out whole, and not cut in two.
  const word = /(?<![a-z0-9])[a-z0-9]+/g;
  word.lastIndex = start;
  for (let match = word.exec(lower); match !== null; match = word.exec(lower)) {
    tokens.push({ folded: match[0], from: match.index, to: word.lastIndex });
  }
  return tokens;
}

/** The words of a text from the first on that what is searched for can begin with; none where it is not in it. */
function tokensFrom(text: string, terms: readonly SearchTerm[]): readonly Token[] {
  if (!ASCII.test(text)) return tokensOf(text);
  const lower = text.toLowerCase();
  let start = lower.length;
  for (const { folded } of terms) {
    // Most texts are ruled out by this, and need not be split into words.
    if (!folded.every((word) => lower.includes(word))) continue;
    start = Math.min(start, lower.indexOf(folded[0] ?? ''));
  }
  return asciiTokens(lower, start);
}

/** A piece of a text, and whether it is what was searched for. */
export interface MarkedPart {
  readonly text: string;
  readonly isHit: boolean;
}

/** Cuts a text of a field into what was searched for and what stands between; one piece where nothing was. */
export function markHits(text: string, terms: readonly SearchTerm[], field: SearchField): readonly MarkedPart[] {
  return partsOf(text, hitsIn(text, terms, field));
}

function partsOf(text: string, hits: readonly Omit<Token, 'folded'>[]): readonly MarkedPart[] {
  const parts: MarkedPart[] = [];
  let at = 0;
  for (const { from, to } of hits) {
    if (from > at) parts.push({ text: text.slice(at, from), isHit: false });
    parts.push({ text: text.slice(from, to), isHit: true });
    at = to;
  }
  if (at < text.length || parts.length === 0) parts.push({ text: text.slice(at), isHit: false });
  return parts;
}

/** Cuts a piece of about `chars` out of a text around the first of what was searched for; null where there is nothing of it. */
export function cutAroundHit(
  text: string,
  terms: readonly SearchTerm[],
  { field, chars }: { readonly field: SearchField; readonly chars: number },
): readonly MarkedPart[] | null {
  const hits = hitsIn(text, terms, field);
  const [first] = hits;
  if (first === undefined) return null;
  const before = Math.floor(chars / 4);
  const from = first.to <= chars ? 0 : Math.max(0, first.from - before);
  const piece = text.slice(from, Math.max(from + chars, first.to)).toWellFormed();
  const parts = piece === text ? partsOf(text, hits) : markHits(piece, terms, field);
  return from === 0 ? parts : [{ text: '…', isHit: false }, ...parts];
}

function hitsIn(text: string, terms: readonly SearchTerm[], field: SearchField): readonly Omit<Token, 'folded'>[] {
  const asked = terms.filter((term) => term.field === null || term.field === field);
  if (asked.length === 0) return [];
  const tokens = tokensFrom(text, asked);
  const found: { readonly from: number; readonly to: number }[] = [];
  for (const [start, { from }] of tokens.entries()) {
    for (const term of asked) {
      const last = tokens[start + term.folded.length - 1];
      if (last !== undefined && beginsAt(tokens, start, term)) found.push({ from, to: last.to });
    }
  }
  found.sort((left, right) => left.from - right.from || right.to - left.to);
  // What lies within or runs into the one before is one with it.
  const joined: { from: number; to: number }[] = [];
  for (const hit of found) {
    const before = joined.at(-1);
    if (before !== undefined && hit.from < before.to) before.to = Math.max(before.to, hit.to);
    else joined.push({ ...hit });
  }
  return joined;
}

/** True where the words of a term stand at a token. */
function beginsAt(tokens: readonly Token[], start: number, { folded, isPrefix }: SearchTerm): boolean {
  return folded.every((word, n) => {
    const token = tokens[start + n]?.folded ?? '';
    return isPrefix && n === folded.length - 1 ? token.startsWith(word) : token === word;
  });
}
