import { failureClassSchema } from '#domain/failure.ts';
import { jobStateSchema } from '#domain/job.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { FILTER_TEXT_MAX, jobFilterSchema, type JobFilter } from '../job-views.ts';
import { searchTermsOf } from './search-terms.ts';
import { splitQuery, writeToken, type QueryToken, type TokenName } from './tokens.ts';
import { readCreditRange, readMoment, writeCreditRange, writeMoment } from './values.ts';

/** A piece of a query that means nothing, and why. Its place is given in characters. */
export interface QueryProblem {
  readonly start: number;
  readonly end: number;
  /** A whole sentence for people. */
  readonly reason: string;
  /** True where it may only not have been typed to its end. */
  readonly isUnfinished: boolean;
}

/** What a query asks for. Pieces with a problem do not restrict; whoever acts on a filter refuses a query that has any. */
export interface ParsedQuery {
  readonly filter: JobFilter;
  readonly problems: readonly QueryProblem[];
}

type NamedToken = Extract<QueryToken, { type: 'named' }>;
type Reading = { readonly filter: JobFilter } | { readonly reason: string };

/**
 * Reads a query of jobs: `state:failed,retrying kind:video provider:… model:… workspace:… user:… class:… code:… cost:>50
 * since:2h until:2026-11-24 some "exact words"`. Every token must hold, of a list with commas one value. Total, and pure: the
 * same text is always the same filter.
 * @param creditScale how many decimals the smallest unit of credits stands for
 */
export function parseJobQuery(query: string, creditScale: number): ParsedQuery {
  let filter: JobFilter = jobFilterSchema.parse({});
  const problems: QueryProblem[] = [];
  const words: string[] = [];
  for (const token of splitQuery(query)) {
    if (token.type === 'word') {
      words.push(token.text);
      continue;
    }
    const { start, end } = token;
    if (isEmpty(token)) {
      problems.push({ start, end, reason: `${token.name}: needs a value.`, isUnfinished: true });
      continue;
    }
    if (token.name === 'text') {
      words.push(...token.values);
      continue;
    }
    const read = readToken(filter, token, creditScale);
    if ('filter' in read) filter = read.filter;
    else problems.push({ start, end, reason: read.reason, isUnfinished: end === query.length });
  }
  const text = words.join(' ');
  const wrong = problemOfWords(text);
  if (wrong === null) return { filter: { ...filter, text }, problems };
  return { filter, problems: [...problems, { start: 0, end: query.length, ...wrong }] };
}

/** Words that are all blank restrict no more than none; any other value may be a name. */
function isEmpty({ name, values }: NamedToken): boolean {
  return values.length === 0 || (name === 'text' && values.every((value) => value.trim() === ''));
}

/** A search without any word would not restrict: whoever plans a retry of what it finds would have planned one of everything. */
function problemOfWords(text: string): Pick<QueryProblem, 'reason' | 'isUnfinished'> | null {
  if (text.length > FILTER_TEXT_MAX)
    return { reason: `The words are longer than ${FILTER_TEXT_MAX} characters.`, isUnfinished: false };
  if (text.trim() === '' || searchTermsOf(text).length > 0) return null;
  return { reason: 'Words to search for need a letter or a digit.', isUnfinished: true };
}

/** True for filters that are the same query when they are printed. */
export function isSameFilter(left: JobFilter, right: JobFilter): boolean {
  return printJobQuery(left, 0) === printJobQuery(right, 0);
}

/** A filter as the query that {@link parseJobQuery} reads back as the same filter; the words come last. */
export function printJobQuery(filter: JobFilter, creditScale: number): string {
  const lists: readonly (readonly [TokenName, readonly string[]])[] = [
    ['state', filter.states],
    ['kind', filter.kinds],
    ['provider', filter.providers],
    ['model', filter.models],
    ['workspace', filter.workspaceId === null ? [] : [filter.workspaceId]],
    ['user', filter.userId === null ? [] : [filter.userId]],
    ['class', filter.classes],
    ['code', filter.codes],
    ['cause', filter.fingerprint === null ? [] : [filter.fingerprint]],
    ['since', filter.since === null ? [] : [writeMoment(filter.since)]],
    ['until', filter.until === null ? [] : [writeMoment(filter.until)]],
  ];
  const tokens = lists.filter(([, values]) => values.length > 0).map(([name, values]) => writeToken(name, values));
  if (filter.creditsMin !== null || filter.creditsMax !== null) {
    tokens.push(`cost:${writeCreditRange(filter, creditScale)}`);
  }
  if (filter.text.trim() !== '') tokens.push(writeWords(filter.text));
  return tokens.join(' ');
}

/** Words stand as they are where they are read back so, and as one `text:` token where they look like something else. */
function writeWords(text: string): string {
  const pieces = splitQuery(text);
  const isPlain = pieces.every((piece) => piece.type === 'word');
  const isSame = pieces.map((piece) => text.slice(piece.start, piece.end)).join(' ') === text;
  return isPlain && isSame ? text : writeToken('text', [text]);
}

function readToken(filter: JobFilter, token: NamedToken, creditScale: number): Reading {
  const { name, values } = token;
  switch (name) {
    case 'state':
      return readChoices(
        values,
        jobStateSchema.options,
        (states) => ({ ...filter, states: added(filter.states, states) }),
        'state',
      );
    case 'class':
      return readChoices(
        values,
        failureClassSchema.options,
        (classes) => ({ ...filter, classes: added(filter.classes, classes) }),
        'class of failure',
      );
    case 'kind':
      return checked(token, { ...filter, kinds: added(filter.kinds, values) });
    case 'provider':
      return checked(token, { ...filter, providers: added(filter.providers, values) });
    case 'model':
      return checked(token, { ...filter, models: added(filter.models, values) });
    case 'code':
      return checked(token, { ...filter, codes: added(filter.codes, values) });
    case 'workspace':
      return readOne(token, filter.workspaceId, (workspaceId) => ({ ...filter, workspaceId }));
    case 'user':
      return readOne(token, filter.userId, (userId) => ({ ...filter, userId }));
    case 'cause':
      return readOne(token, filter.fingerprint, (fingerprint) => ({ ...filter, fingerprint }));
    case 'cost':
    case 'since':
    case 'until':
      return readRange(filter, token, creditScale);
    case 'text':
      return { filter: { ...filter, text: values.join(' ') } };
  }
}

function readRange(filter: JobFilter, { name, values }: NamedToken, creditScale: number): Reading {
  const [value = ''] = values;
  if (values.length > 1) return { reason: `${name}: takes one value.` };
  if (name === 'cost') {
    const range = readCreditRange(value, creditScale);
    if (range === null) return { reason: `cost:${value} is no amount. Write cost:>50, cost:<=20 or cost:10..50.` };
    return {
      filter: {
        ...filter,
        creditsMin: narrower(filter.creditsMin, range.creditsMin, Math.max),
        creditsMax: narrower(filter.creditsMax, range.creditsMax, Math.min),
      },
    };
  }
  const moment = readMoment(value);
  if (moment === null)
    return { reason: `${name}:${value} is no time. Write ${name}:2h, ${name}:7d or ${name}:2026-11-24.` };
  const known = name === 'since' ? filter.since : filter.until;
  // Which of two is nearer only the clock would tell.
  if (known !== null && writeMoment(known) !== writeMoment(moment))
    return { reason: `Only one ${name} can be asked for.` };
  return { filter: name === 'since' ? { ...filter, since: moment } : { ...filter, until: moment } };
}

/** The end of a range that holds where both of two are asked for. */
function narrower(known: number | null, more: number | null, choose: (...ends: number[]) => number): number | null {
  return known === null || more === null ? (known ?? more) : choose(known, more);
}

function readChoices<Choice extends string>(
  values: readonly string[],
  choices: readonly Choice[],
  apply: (chosen: readonly Choice[]) => JobFilter,
  noun: string,
): Reading {
  const chosen = values.map((value) => choices.find((choice) => choice === value.toLowerCase()));
  const wrong = values.find((_, index) => chosen[index] === undefined);
  if (wrong !== undefined) return { reason: `There is no ${noun} “${wrong}”. Choose from ${choices.join(', ')}.` };
  return { filter: apply(chosen.filter((choice) => choice !== undefined)) };
}

function readOne(token: NamedToken, known: string | null, apply: (value: string) => JobFilter): Reading {
  const [value = ''] = token.values;
  if (token.values.length > 1 || (known !== null && known !== value))
    return { reason: `Only one ${token.name} can be asked for.` };
  return checked(token, apply(value));
}

/** Holds a filter against the contract's limits. */
function checked({ name }: NamedToken, filter: JobFilter): Reading {
  return safeParse(jobFilterSchema, filter).success
    ? { filter }
    : { reason: `${name}: asks for too much, or for too long a name.` };
}

function added<Value>(known: readonly Value[], more: readonly Value[]): Value[] {
  return [...new Set([...known, ...more])];
}
