/** The names that a token may have, as in `state:failed`. */
export const TOKEN_NAMES = [
  'state',
  'kind',
  'provider',
  'model',
  'workspace',
  'user',
  'class',
  'code',
  'cause',
  'cost',
  'since',
  'until',
  'text',
] as const;
export type TokenName = (typeof TOKEN_NAMES)[number];

/** A piece of a query between spaces, and where it stands in the text. */
export type QueryToken =
  | {
      readonly type: 'named';
      readonly name: TokenName;
      /** What stands behind the colon, unquoted and split at commas. */
      readonly values: readonly string[];
      readonly start: number;
      readonly end: number;
    }
  | { readonly type: 'word'; readonly text: string; readonly start: number; readonly end: number };

const NAME = /([a-z]+):/iy;

/**
 * Splits a query into its pieces. Total: whatever is typed is a list of pieces. A value with a space, a comma, a quote or a
 * backslash stands in double quotes, in which a backslash takes the next character as it is; a quote that is not closed runs
 * to the end. A piece without a known name is a word of the search, its quotes as they were typed.
 */
export function splitQuery(query: string): readonly QueryToken[] {
  const tokens: QueryToken[] = [];
  let at = 0;
  while (at < query.length) {
    if (/\s/.test(query.charAt(at))) {
      at += 1;
      continue;
    }
    const token = readToken(query, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function readToken(query: string, start: number): QueryToken {
  NAME.lastIndex = start;
  const head = NAME.exec(query);
  const name = TOKEN_NAMES.find((known) => known === head?.[1]?.toLowerCase());
  return name === undefined || head === null
    ? readWord(query, start)
    : readNamed(query, { name, start, at: start + head[0].length });
}

function readWord(query: string, start: number): QueryToken {
  let end = start;
  let isQuoted = false;
  while (end < query.length && (isQuoted || !/\s/.test(query.charAt(end)))) {
    if (query.charAt(end) === '"') isQuoted = !isQuoted;
    end += 1;
  }
  return { type: 'word', text: query.slice(start, end), start, end };
}

function readNamed(query: string, { name, start, at }: { name: TokenName; start: number; at: number }): QueryToken {
  const values: string[] = [];
  let value = '';
  let wasQuoted = false;
  let isQuoted = false;
  let end = at;
  for (; end < query.length; end += 1) {
    const character = query.charAt(end);
    if (isQuoted && character === '\\' && end + 1 < query.length) {
      end += 1;
      value += query.charAt(end);
    } else if (character === '"') {
      isQuoted = !isQuoted;
      wasQuoted = true;
    } else if (!isQuoted && /\s/.test(character)) {
      break;
    } else if (!isQuoted && character === ',') {
      if (value !== '' || wasQuoted) values.push(value);
      value = '';
      wasQuoted = false;
    } else {
      value += character;
    }
  }
  if (value !== '' || wasQuoted) values.push(value);
  return { type: 'named', name, values, start, end };
}

/** A token as text that {@link splitQuery} reads back as the same name and values. */
export function writeToken(name: TokenName, values: readonly string[]): string {
  return `${name}:${values.map(quoteIfNeeded).join(',')}`;
}

/** A value as it stands behind the colon of a token. */
export function quoteIfNeeded(value: string): string {
  return value !== '' && !/[\s",\\]/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
