import { parseJobQuery, printJobQuery } from '#contract/query/job-query.ts';
import type { RequestName } from '#contract/requests.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { isFields } from '#domain/fields.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { piecesOf, redactionMark } from '#domain/redaction/redaction-mark.ts';

/**
 * Requests whose texts are the console's own or this person's own words, which come back as they are read: rules that were hidden
 * behind themselves could not be edited, and a view whose words were replaced would be kept so.
 */
const OWN_WORDS: ReadonlySet<string> = new Set([
  'redaction',
  'status',
  'profiles',
  'people',
  'views',
  'policy',
  'alerts',
]);
/** Names of fields by which something is found again; they are no texts. */
const IDENTIFIER =
  /^(?:id|key|path|cursor|nextCursor|fingerprint|where|runId|contentHash|inputHash|sha256|hash)$|Id$|Ids$/;
/** Documents as JSON: what is hidden in them was taken out before they were written down. */
const JSON_TEXTS: ReadonlySet<string> = new Set(['documentJson', 'optionsJson']);

/**
 * The last look at an answer before it leaves the engine: what patterns hide in any text of it, whoever composed it. What paths hide
 * was taken out where jobs are read.
 */
export function cleanReply(name: RequestName, result: unknown, lens: Lens | null): unknown {
  const [area = ''] = name.split('.');
  if (lens === null || OWN_WORDS.has(area)) return result;
  return area === 'drafts' ? cleanDrafts(result, lens) : cleanTexts(result, lens);
}

/** Every text of a value without what patterns hide. */
export function cleanTexts(value: unknown, lens: Lens, name = ''): unknown {
  if (typeof value === 'string') return IDENTIFIER.test(name) || JSON_TEXTS.has(name) ? value : lens.clean(value);
  if (Array.isArray(value)) return value.map((each: unknown) => cleanTexts(each, lens, name));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cleanTexts(each, lens, key)]));
}

/**
 * Drafts of this machine may have been made by somebody who saw more. What is hidden in them bears a mark of its own, which stands for
 * nothing that is read from the server: so a draft whose edit this person cannot see is refused where they send it. Causes of failures
 * are named by their tokens, as everywhere.
 */
function cleanDrafts(value: unknown, lens: Lens): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => cleanDrafts(each, lens));
  if (!isFields(value)) return value;
  const isOfGroup = value['kind'] === 'group';
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (key === 'bodyJson' && typeof each === 'string') return [key, cleanBody(each, lens)];
      if (key === 'subjectId' && isOfGroup && typeof each === 'string') return [key, lens.tokenOf(each)];
      return [key, cleanDrafts(each, lens)];
    }),
  );
}

function cleanBody(json: string, lens: Lens): string {
  return rewritten(json, (body) => cleanDraftValue(body, [], lens));
}

/** JSON with other values in it; a draft that is none, or too deep to be looked through, is shown as one that cannot be read. */
function rewritten(json: string, change: (value: unknown) => unknown, indent?: number): string {
  try {
    return JSON.stringify(change(JSON.parse(json)), null, indent);
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof RangeError)) throw cause;
    return JSON.stringify(redactionMark('unreadable draft'));
  }
}

function cleanDraftValue(value: unknown, at: readonly string[], lens: Lens): unknown {
  if (typeof value === 'string') return cleanDraftText(value, at, lens);
  if (Array.isArray(value)) return value.map((each: unknown) => cleanDraftValue(each, at, lens));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, cleanDraftValue(each, [...at, key], lens)]),
  );
}

function cleanDraftText(text: string, at: readonly string[], lens: Lens): string {
  const [area, field] = at;
  if (area === 'act' && (field === 'fingerprint' || field === 'fingerprints')) return lens.tokenOf(text);
  if (area === 'wish' && field === 'where') return markedAsDraft(text, lens.clean(underToken(text, lens)));
  if (area === 'edited' && field === 'optionsJson') return cleanOptions(text, lens);
  const hidden = area === 'edited' && field === 'prompt' ? lens.hiddenAt(['input', 'prompt']) : null;
  return hidden === null ? markedAsDraft(text, lens.clean(text)) : hideUnlessSeen(text, hidden);
}

/** A query that names a cause by its token; one that cannot be read is shown as such. */
function underToken(where: string, lens: Lens): string {
  const { filter, problems } = parseJobQuery(where, CREDIT_SCALE);
  if (problems.length > 0) return redactionMark('query');
  const { fingerprint } = filter;
  if (fingerprint === null) return where;
  return printJobQuery({ ...filter, fingerprint: lens.tokenOf(fingerprint) }, CREDIT_SCALE);
}

function cleanOptions(json: string, lens: Lens): string {
  const walk = (value: unknown, at: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((each: unknown) => walk(each, at));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [markedAsDraft(key, lens.clean(key)), walk(each, [...at, key])]),
      );
    }
    const hidden = lens.hiddenAt(['input', 'options', ...at]);
    if (hidden !== null) return hideUnlessSeen(String(value), hidden);
    return typeof value === 'string' ? markedAsDraft(value, lens.clean(value)) : value;
  };
  return rewritten(json, (options) => walk(options, []), 2);
}

/** What this person was shown when they made the draft stays as it was. */
function hideUnlessSeen(text: string, label: string): string {
  return text === redactionMark(label) ? text : redactionMark(`${label} in a draft`);
}

function markedAsDraft(text: string, clean: string): string {
  if (clean === text) return text;
  return piecesOf(clean)
    .map((piece) => (piece.label === null ? piece.text : redactionMark(`${piece.label} in a draft`)))
    .join('');
}
