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
    if (tokensOf(words).length === 0) continue;
    const isPrefix = phrase === undefined && words.endsWith('*');
    terms.push({ field: field ?? null, words: words.replaceAll(/["\0]/g, ' '), isPrefix });
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
  // Most texts have no accent to take off, and each token of them would be looked through for some.
  if (ASCII.test(text)) {
    const lower = text.toLowerCase();
    return Array.from(lower.matchAll(/[a-z0-9]+/g), (match) => ({
      folded: match[0],
      from: match.index,
      to: match.index + match[0].length,
    }));
  }
  return Array.from(text.matchAll(/[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu), (match) => ({
    folded: match[0].normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase(),
    from: match.index,
    to: match.index + match[0].length,
  }));
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
  const tokens = tokensOf(text);
  const found = terms
    .filter((term) => term.field === null || term.field === field)
    .flatMap((term) => {
      const wanted = tokensOf(term.words).map(({ folded }) => folded);
      return tokens.flatMap((first, start) => {
        const last = tokens[start + wanted.length - 1];
        const isHit =
          last !== undefined &&
          wanted.every((word, n) => {
            const folded = tokens[start + n]?.folded ?? '';
            return term.isPrefix && n === wanted.length - 1 ? folded.startsWith(word) : folded === word;
          });
        return isHit ? [{ from: first.from, to: last.to }] : [];
      });
    })
    .sort((left, right) => left.from - right.from || right.to - left.to);
  // What lies within or runs into the one before is one with it.
  const joined: { from: number; to: number }[] = [];
  for (const hit of found) {
    const before = joined.at(-1);
    if (before !== undefined && hit.from < before.to) before.to = Math.max(before.to, hit.to);
    else joined.push({ ...hit });
  }
  return joined;
}
