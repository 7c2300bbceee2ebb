import { BSONRegExp } from 'bson';
import { numberKind, toDouble } from '../numbers.ts';
import { compiledPattern } from '../regular-expressions.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { isNil, ranged, type Operator, type Scope } from './compile.ts';
import { evaluated, operandsOf, type Operands } from './operands.ts';
import { refuse } from './refusal.ts';

/** What is taken away at the ends of a text unless told, as the manual lists it: spaces, line ends and the null sign. */
const BLANKS: ReadonlySet<string> = new Set(
  '\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
);

function trimming(isLeft: boolean, isRight: boolean): Operator {
  return (operand, name) => {
    const operands = operandsOf(operand, name, ['input', 'chars'], {
      noDocument: 50_696,
      unknown: 50_694,
      missing: { input: 50_695 },
    });
    return evaluated(operands, (scope) => {
      const input = operands.input?.(scope);
      if (isNil(input)) return null;
      if (typeof input !== 'string')
        throw refuse(50_699, `${name} requires its input to be a string, got a ${typeNameOf(input)} instead.`);
      if (operands.chars === undefined) return trimmed(input, BLANKS, isLeft, isRight);
      const chars = operands.chars(scope);
      if (isNil(chars)) return null;
      if (typeof chars !== 'string')
        throw refuse(50_700, `${name} requires 'chars' to be a string, got a ${typeNameOf(chars)} instead.`);
      return trimmed(input, new Set(chars), isLeft, isRight);
    });
  };
}

function trimmed(text: string, blanks: ReadonlySet<string>, isLeft: boolean, isRight: boolean): string {
  const signs = Array.from(text);
  let [from, to] = [0, signs.length];
  while (isLeft && from < to && blanks.has(signs[from] ?? '')) from += 1;
  while (isRight && to > from && blanks.has(signs[to - 1] ?? '')) to -= 1;
  return signs.slice(from, to).join('');
}

/** The three texts are looked at before any of them makes the result null. */
function replacing(isAll: boolean): Operator {
  return (operand, name) => {
    const operands = operandsOf(operand, name, ['input', 'find', 'replacement'], {
      noDocument: 51_751,
      unknown: 51_750,
      missing: { input: 51_749, find: 51_748, replacement: 51_747 },
    });
    const codes = { input: 51_746, find: 51_745, replacement: 51_744 } as const;
    const text = (part: keyof typeof codes, scope: Scope): string | null => {
      const value = operands[part]?.(scope);
      if (isNil(value)) return null;
      if (typeof value === 'string') return value;
      throw refuse(codes[part], `${name} requires that '${part}' be a string, found: ${typeNameOf(value)}`);
    };
    return evaluated(operands, (scope) => {
      const [input, find, replacement] = [text('input', scope), text('find', scope), text('replacement', scope)];
      if (input === null || find === null || replacement === null) return null;
      // As a function: signs like $& stand for themselves.
      return isAll ? replacedAll(input, find, replacement) : input.replace(find, () => replacement);
    });
  };
}

/** Nothing is found before each byte and at the end. Error: `NotImplemented` where that is within a sign of several bytes. */
function replacedAll(input: string, find: string, replacement: string): string {
  if (find === '' && replacement !== '' && Buffer.byteLength(input) > input.length)
    throw new ServerError(
      'NotImplemented',
      'The sandbox server has no $replaceAll of nothing in a text with signs of several bytes, which MongoDB takes apart',
    );
  return input.replaceAll(find, () => replacement);
}

/** Where a text stands in another one, counted by bytes or by signs. */
function indexIn(isBytes: boolean): Operator {
  return ranged(2, 4, (text, wanted, ...bounds) => {
    const name = isBytes ? '$indexOfBytes' : '$indexOfCP';
    if (isNil(text)) return null;
    if (typeof text !== 'string')
      throw refuse(
        isBytes ? 40_091 : 40_093,
        `${name} requires a string as the first argument, found: ${typeNameOf(text)}`,
      );
    if (typeof wanted !== 'string')
      throw refuse(
        isBytes ? 40_092 : 40_094,
        `${name} requires a string as the second argument, found: ${typeNameOf(wanted)}`,
      );
    const [start = 0, end = Number.POSITIVE_INFINITY] = bounds.map((bound, at) =>
      boundOf(bound, `${name} requires`, at === 0 ? 'starting index' : 'ending index'),
    );
    return isBytes ? indexOfBytes(text, wanted, start, end) : indexOfSigns(text, wanted, start, end);
  });
}

function boundOf(value: unknown, refusal: string, which: string): number {
  const kind = numberKind(value);
  const number = toDouble(value);
  if (kind === null || !Number.isInteger(number) || Math.abs(number) > 0x7fffffff)
    throw refuse(40_096, `${refusal} an integral ${which}, found a value of type: ${typeNameOf(value)}`);
  if (number < 0) throw refuse(40_097, `${refusal} a nonnegative ${which}, found: ${number}`);
  return number;
}

function indexOfBytes(text: string, wanted: string, start: number, end: number): number {
  const bytes = Buffer.from(text);
  const last = Math.min(end, bytes.length);
  if (start > bytes.length || last < start) return -1;
  return bytes.subarray(0, last).indexOf(Buffer.from(wanted), start);
}

function indexOfSigns(text: string, wanted: string, start: number, end: number): number {
  const signs = Array.from(text);
  const last = Math.min(end, signs.length);
  if (start > signs.length || last < start) return -1;
  const before = signs.slice(0, start).join('').length;
  const found = signs.slice(0, last).join('').indexOf(wanted, before);
  return found < 0 ? -1 : signCount(text, found);
}

/** How many signs stand before a place that is counted in units of UTF-16. */
function signCount(text: string, place: number): number {
  return Array.from(text.slice(0, place)).length;
}

/** A text and what is looked for in it; null where one of them is null. */
interface Search {
  readonly text: string;
  readonly pattern: RegExp;
}

function searching(search: (found: Search | null) => unknown): Operator {
  return (operand, name) => {
    const operands = operandsOf(operand, name, ['input', 'regex', 'options'], {
      noDocument: 51_103,
      unknown: 31_024,
      missing: { input: 31_022, regex: 31_023 },
    });
    return evaluated(operands, (scope) => search(searchOf(operands, name, scope)));
  };
}

function searchOf(operands: Operands<'input' | 'regex' | 'options'>, name: string, scope: Scope): Search | null {
  const [text, regex, options] = [operands.input?.(scope), operands.regex?.(scope), operands.options?.(scope)];
  if (!isNil(text) && typeof text !== 'string') throw refuse(51_104, `${name} needs 'input' to be of type string`);
  const given = partsOf(regex);
  if (!isNil(regex) && given === null) throw refuse(51_105, `${name} needs 'regex' to be of type string or regex`);
  if (!isNil(options) && typeof options !== 'string')
    throw refuse(51_106, `${name} needs 'options' to be of type string`);
  if (given !== null && given.options !== '' && !isNil(options))
    throw refuse(51_107, `${name}: found regex option(s) specified in both 'regex' and 'option' fields`);
  if (given?.pattern.includes('\0') === true)
    throw refuse(51_109, `${name}: regular expression cannot contain an embedded null byte`);
  const pattern = given === null ? null : patternOf(given.pattern, options ?? given.options, name);
  return isNil(text) || pattern === null ? null : { text, pattern };
}

function partsOf(regex: unknown): { readonly pattern: string; readonly options: string } | null {
  if (typeof regex === 'string') return { pattern: regex, options: '' };
  if (regex instanceof BSONRegExp) return { pattern: regex.pattern, options: regex.options };
  return regex instanceof RegExp ? { pattern: regex.source, options: regex.flags.replaceAll(/[^ims]/g, '') } : null;
}

/** As searched for again and again from a place. Here MongoDB has a number of its own for what is no expression. */
function patternOf(pattern: string, options: string, name: string): RegExp {
  try {
    const compiled = compiledPattern(pattern, options);
    return new RegExp(compiled.source, `${compiled.flags}g`);
  } catch (cause) {
    const isNone = cause instanceof ServerError && cause.codeName === 'Location51091';
    throw isNone ? refuse(51_111, `Invalid Regex in ${name}: ${pattern}`) : cause;
  }
}

/** The first match from a place on, which is counted in units of UTF-16. */
function matchFrom({ text, pattern }: Search, place: number): RegExpExecArray | null {
  pattern.lastIndex = place;
  return pattern.exec(text);
}

function shownMatch(text: string, match: RegExpExecArray): Readonly<Record<string, unknown>> {
  const [whole, ...captures] = match as (string | undefined)[];
  return {
    match: whole ?? '',
    idx: signCount(text, match.index),
    captures: captures.map((capture) => capture ?? null),
  };
}

/** What matches nothing is looked for again behind the next sign, but not at the end of a text that has signs. */
function allMatches(found: Search): unknown[] {
  const { text } = found;
  const matches: unknown[] = [];
  let place = 0;
  do {
    const match = matchFrom(found, place);
    if (match === null) break;
    matches.push(shownMatch(text, match));
    const sign = String.fromCodePoint(text.codePointAt(match.index) ?? 0);
    place = match.index + (match[0].length === 0 ? sign.length : match[0].length);
  } while (place < text.length);
  return matches;
}

/** What looks for texts in texts. */
export const SEARCHES: Readonly<Record<string, Operator>> = {
  $trim: trimming(true, true),
  $ltrim: trimming(true, false),
  $rtrim: trimming(false, true),
  $replaceOne: replacing(false),
  $replaceAll: replacing(true),
  $indexOfBytes: indexIn(true),
  $indexOfCP: indexIn(false),
  $regexMatch: searching((found) => found !== null && matchFrom(found, 0) !== null),
  $regexFind: searching((found) => {
    const match = found === null ? null : matchFrom(found, 0);
    return found === null || match === null ? null : shownMatch(found.text, match);
  }),
  $regexFindAll: searching((found) => (found === null ? [] : allMatches(found))),
};
