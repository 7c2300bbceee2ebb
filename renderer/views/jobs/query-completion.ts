import { failureClassSchema } from '#domain/failure.ts';
import { jobStateSchema } from '#domain/job.ts';
import { quoteIfNeeded, splitQuery, TOKEN_NAMES, type TokenName } from '#contract/query/tokens.ts';

/** The values that are known to exist, by the name of a token. */
export type Vocabulary = Readonly<Partial<Record<TokenName, readonly string[]>>>;

/** What may be typed next: the text between `start` and `end` becomes `insert`. */
export interface Completion {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
  readonly says: string;
  readonly hint: string | null;
}

const OPTIONS_MAX = 10;
const HINTS: Readonly<Partial<Record<TokenName, string>>> = {
  state: 'where it stands',
  kind: 'what is made',
  provider: 'who makes it',
  model: 'by which model',
  workspace: 'who pays',
  user: 'who asked',
  class: 'of failure',
  code: 'of failure',
  cost: '>50, <=20, 10..50',
  since: '2h, 7d, 2026-11-24',
  until: '2h, 7d, 2026-11-24',
};
const FIXED: Vocabulary = {
  state: jobStateSchema.options,
  class: failureClassSchema.options,
  since: ['15m', '1h', '24h', '7d', '30d'],
  until: ['1h', '24h', '7d'],
  cost: ['>0', '>10', '>50'],
};

/** What may stand at the caret of a query, the fitting beginnings first. Pure. */
export function completeQuery(query: string, caret: number, vocabulary: Vocabulary): readonly Completion[] {
  const token = splitQuery(query).find(({ start, end }) => start < caret && caret <= end);
  if (token === undefined || token.type === 'word') {
    const [start, end] = token === undefined ? [caret, caret] : [token.start, token.end];
    const typed = query.slice(start, caret).toLowerCase();
    return TOKEN_NAMES.filter((name) => HINTS[name] !== undefined && name.startsWith(typed) && name !== typed).map(
      (name) => ({ start, end, insert: `${name}:`, says: `${name}:`, hint: HINTS[name] ?? null }),
    );
  }
  const from = token.start + token.name.length + 1;
  const before = query.slice(from, caret);
  if (before.includes('"')) return [];
  const start = from + before.lastIndexOf(',') + 1;
  const typed = query.slice(start, caret).toLowerCase();
  const given = new Set(token.values.map((value) => value.toLowerCase()));
  return [...new Set([...(FIXED[token.name] ?? []), ...(vocabulary[token.name] ?? [])])]
    .filter((value) => value.toLowerCase().startsWith(typed) && !(given.has(value.toLowerCase()) && value !== typed))
    .filter((value) => value.toLowerCase() !== typed)
    .slice(0, OPTIONS_MAX)
    .map((value) => ({ start, end: caret, insert: `${quoteIfNeeded(value)} `, says: value, hint: null }));
}
