import { EJSON, Int32 } from 'bson';
import type { Document } from 'mongodb';
import {
  addsToTruth,
  changedBy,
  doesWithoutUnset,
  findsByParts,
  heldAfter,
  heldAfterEach,
  queryOf,
  refusesAddition,
  upsertsWithoutElemMatch,
  withEqualNumbers,
} from './borne-out.ts';
import type { EngineAgain } from './engine-again.ts';
import { hasServersOrder, pathsOf, updateOf } from './field-order.ts';
import { shown, type Outcome } from './outcome.ts';
import type { Operation } from './operations.ts';

/** What was asked, and what either server made of it. */
export interface Difference {
  readonly operation: Operation;
  /** The documents that the case began with, as text. */
  readonly documents: string;
  readonly sandbox: Outcome;
  readonly engine: Outcome;
}

/** Something in which the DocumentDB engine is known not to do what MongoDB does. */
export interface Deviation {
  readonly name: string;
  /** What MongoDB's manual or server says. */
  readonly rule: string;
  readonly page: string;
  readonly explains: (difference: Difference, again: EngineAgain) => boolean | Promise<boolean>;
}

function textOf({ command }: Operation): string {
  return EJSON.stringify(command);
}

function codes(sandbox: number | null, engine: number | null): (difference: Difference) => boolean {
  return (difference) => difference.sandbox.code === sandbox && difference.engine.code === engine;
}

const both = ({ sandbox, engine }: Difference): boolean => sandbox.code === null && engine.code === null;

/** The same lines in an order of their own, because what was upserted has no id to be ordered by, and fields in the order of names. */
export function sorted(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => (!line.startsWith('{') ? line : JSON.stringify(withSortedFields(JSON.parse(line)))));
  return lines.sort().join('\n');
}

function withSortedFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedFields);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, one]) => [name, withSortedFields(one)] as const);
  return Object.fromEntries(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function isUpdate({ operation }: Difference): boolean {
  return /^(update|pipelineUpdate|findAndModify)/.test(operation.kind);
}

function isInConflict(operation: Operation): boolean {
  const paths = pathsOf(operation);
  return paths.some((one, at) => paths.some((other, place) => at !== place && `${other}.`.startsWith(`${one}.`)));
}

/** Lines of the engine without the empty documents on the way to what an operator takes away, where the sandbox's have none. */
export function withoutWays(text: string, sandbox: string, operation: Operation): string {
  const ways = Object.entries(updateOf(operation))
    .filter(([name]) => /^\$(pull|pullAll|pop|unset|rename)$/.test(name))
    .flatMap(([, fields]) => Object.keys(fields).map((path) => `,"${path.split('.')[0] ?? path}":{}`));
  const ours = sandbox.split('\n');
  const lines = text.split('\n').map((line) => {
    const id = /"_id":(\{[^}]*\}|[^,}]*)/.exec(line)?.[0] ?? '';
    const same = ours.filter((one) => one.includes(id));
    return ways
      .filter((way) => id.includes('"new"') || !same.some((one) => one.includes(way.slice(1))))
      .reduce((all, way) => all.replaceAll(way, ''), line);
  });
  return lines.join('\n');
}

/** How the engine writes a decimal that was a double. */
export const PLAIN_DECIMALS: Deviation = {
  name: 'a double that becomes a decimal has fifteen digits also where it is added up, and where it is 0',
  rule: '$sum and $avg add up with the precision of a double; $toDecimal of 0.0 is 0.',
  page: 'reference/operator/aggregation/toDecimal',
  explains: (difference, again) =>
    both(difference) &&
    ((hasDoubles(difference.operation, again.before) &&
      withPlainDecimals(difference.sandbox.text) === withPlainDecimals(difference.engine.text)) ||
      (/"\$(sum|avg)"/.test(textOf(difference.operation)) &&
        // What has more than fifteen digits among the doubles of the cases.
        (textOf(difference.operation) + difference.documents).includes('9007199254740992') &&
        withNearDecimals(difference.sandbox.text) === withNearDecimals(difference.engine.text))),
};

/** What the sandbox refuses in place of a wrong answer. */
const NO_FAR_DATES = 'The sandbox server has no dates more than 8.64e15 milliseconds from 1970';

/** Every known deviation; the first that explains a difference names it. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'the sandbox refuses a date beyond those of JavaScript',
    rule: 'BSON Date is a 64-bit integer that represents the number of milliseconds since the Unix epoch.',
    page: 'reference/bson-types',
    explains: ({ sandbox }) => sandbox.code === 238 && sandbox.message.endsWith(NO_FAR_DATES),
  },
  {
    name: 'parallel arrays are indexed',
    rule: 'For a compound multikey index, each indexed document can have at most one indexed field whose value is an array.',
    page: 'core/indexes/index-types/index-multikey',
    explains: (difference, again) => (difference.engine.code === 171 ? false : hasParallelArrays(difference, again)),
  },
  {
    name: 'documents that were upserted stand in another order',
    rule: 'If the document does not specify an _id, MongoDB adds an _id field with a new ObjectId; those of one second are ordered by chance.',
    page: 'reference/method/ObjectId',
    explains: (difference) =>
      both(difference) &&
      difference.operation.kind.endsWith('-contents') &&
      difference.sandbox.text.split('"new"').length > 2 &&
      sortedLines(difference.sandbox.text) === sortedLines(difference.engine.text),
  },
  {
    name: 'new fields come in the order of the update',
    rule: 'Update operators process document fields with string-based names in lexicographic order.',
    page: 'reference/operator/update',
    explains: (difference, again) =>
      both(difference) &&
      isUpdate(difference) &&
      sorted(difference.sandbox.text) === sorted(difference.engine.text) &&
      hasServersOrder(difference, again.before),
  },
  {
    name: 'conflicts are told only where a document is found',
    rule: "An update whose paths collide is refused (40) when it is parsed: 'Updating the path … would create a conflict'.",
    page: 'reference/operator/update',
    explains: async ({ operation, sandbox, engine }, again) =>
      sandbox.code === 40 &&
      (engine.code === null || engine.code === 54) &&
      isInConflict(operation) &&
      (await again.finds(operation)) === 0,
  },
  {
    name: 'an upsert over a value that is none ends in an internal error',
    rule: '$inc and $mul on a value that is no number are refused with TypeMismatch (14), list operators and what overflows a long with BadValue (2).',
    page: 'reference/operator/update/inc',
    explains: async ({ operation, sandbox, engine }, again) =>
      engine.code === 1088 &&
      engine.message.startsWith('Unrecognized BSON data type') &&
      textOf(operation).includes('"upsert":true') &&
      ((sandbox.code === 14 && sandbox.message.includes('non-numeric type')) ||
        (sandbox.code === 2 &&
          /must be an array|non-integral type|^Failed to apply \$(inc|mul) operations/.test(sandbox.message))) &&
      (await again.finds(operation)) === 0,
  },
  {
    name: 'an upsert beside $elemMatch ends in an internal error',
    rule: 'If no document matches, an upsert makes one of the equality clauses of the query and the update; $elemMatch is none.',
    page: 'reference/command/update',
    explains: async (difference, again) =>
      codes(null, 1088)(difference) &&
      difference.engine.message === 'invalid bson type - not supported yet' &&
      textOf(difference.operation).includes('"upsert":true') &&
      (await again.finds(difference.operation)) === 0 &&
      (await upsertsWithoutElemMatch(again, difference)),
  },
  {
    name: 'binary data that becomes a string is refused with CommandNotSupported',
    rule: '$toString takes boolean, double, decimal, integer, long, ObjectId, string and date; any other type is refused with ConversionFailure (241).',
    page: 'reference/operator/aggregation/toString',
    explains: (difference) =>
      codes(241, 115)(difference) &&
      difference.sandbox.message.startsWith('Unsupported conversion from binData to string') &&
      difference.engine.message.startsWith('Convert to string from binData'),
  },
  {
    name: 'a field of a list is refused with FailedToParse',
    rule: 'A path that leads through a list without a place in it is refused with PathNotViable (28).',
    page: 'reference/operator/update',
    explains: (difference) =>
      codes(28, 9)(difference) &&
      /^Cannot create field '\D\w*' in element \{\w+: \[/.test(difference.sandbox.message) &&
      difference.engine.message === 'The destination field is an invalid array element',
  },
  {
    name: '$pop of what is no list is refused with BadValue',
    rule: '$pop fails if the field is not an array; the server says TypeMismatch (14).',
    page: 'reference/operator/update/pop',
    explains: (difference) =>
      codes(14, 2)(difference) &&
      difference.sandbox.message.includes('contains an element of non-array type') &&
      difference.engine.message.includes('within $pop'),
  },
  {
    name: '$push of nothing on a missing list makes none',
    rule: 'If the field is absent in the document to update, $push adds the array field with the value as its element.',
    page: 'reference/operator/update/push',
    explains: (difference) =>
      both(difference) && isPushOfNothing(difference.operation) && isSameButForPushed(difference),
  },
  {
    name: 'findAndModify passes over an addition to what is no number, beside an operator that takes away',
    rule: '$inc on a value that is no number is refused with TypeMismatch (14).',
    page: 'reference/operator/update/inc',
    explains: async ({ operation, sandbox, engine }, again) =>
      operation.kind === 'findAndModify' &&
      sandbox.code === 14 &&
      engine.code === null &&
      sandbox.message.includes('non-numeric type') &&
      /"\$(pull|pullAll|pop|unset)"/.test(textOf(operation)) &&
      (await refusesAddition(again, operation)),
  },
  PLAIN_DECIMALS,
  {
    name: 'another one of several equal numbers is told',
    rule: 'distinct gives each value once; which of equal numbers of different types that is, the manual leaves open.',
    page: 'reference/command/distinct',
    explains: (difference, again) =>
      both(difference) &&
      difference.operation.kind === 'distinct' &&
      sortedLines(withEqualNumbers(difference.sandbox.text)) ===
        sortedLines(withEqualNumbers(difference.engine.text)) &&
      again.before.length > 0 &&
      difference.sandbox.text.split('\n').every((line) => again.before.map(shown).join('\n').includes(line)),
  },
  {
    name: 'an addition of nothing to what is no number is passed over',
    rule: '$inc on a value that is no number is refused with TypeMismatch (14).',
    page: 'reference/operator/update/inc',
    explains: async ({ operation, sandbox, engine }, again) =>
      sandbox.code === 14 &&
      engine.code === null &&
      sandbox.message.includes('non-numeric type') &&
      /"\$(inc|mul)":\{"[^"]*":(0|\{"\$numberDecimal":"0"\})/.test(textOf(operation)) &&
      (await refusesAddition(again, operation, new Int32(2))),
  },
  {
    name: 'a truth is added to',
    rule: '$inc on a value that is no number is refused with TypeMismatch (14).',
    page: 'reference/operator/update/inc',
    explains: async (difference, again) =>
      codes(14, null)(difference) &&
      difference.sandbox.message.endsWith('of non-numeric type bool') &&
      (await addsToTruth(again, difference.operation)),
  },
  {
    name: 'a condition that this engine does not support',
    rule: 'An empty list is a value like any other and may stand beside $elemMatch of another field.',
    page: 'reference/operator/query/elemMatch',
    explains: async (difference, again) =>
      codes(null, 8)(difference) &&
      difference.engine.message.includes('not supported yet') &&
      (await findsByParts(again, difference)),
  },
  {
    name: 'an update that changes nothing is counted as a modification',
    rule: 'If the update operation results in no change to the document, nModified can be less than n.',
    page: 'reference/command/update',
    explains: async (difference, again) => {
      const { operation, sandbox, engine } = difference;
      return (
        both(difference) &&
        operation.kind === 'update' &&
        modified(sandbox.text) < modified(engine.text) &&
        withoutModified(sandbox.text) === withoutModified(engine.text) &&
        // Documents on the way to what is taken away are a deviation of their own, and change nothing on MongoDB.
        (await changedBy(again, operation, (line) => withoutPushed(withoutWays(line, '', operation), operation))) +
          (await listsMadeByPush(operation, again)) ===
          modified(sandbox.text)
      );
    },
  },
  {
    name: '$bit is refused with an internal error where nothing is found',
    rule: 'An update changes the documents that match its query, and does nothing where none does.',
    page: 'reference/command/update',
    explains: async ({ operation, sandbox, engine }, again) =>
      engine.code === 1088 &&
      engine.message === 'invalid bson type - not supported yet' &&
      '$bit' in updateOf(operation) &&
      sandbox.text === shown({ n: 0, nModified: 0, refused: [] }) &&
      (await again.finds(operation)) === 0,
  },
  {
    name: '$unset of a field of a list is refused',
    rule: 'If the field does not exist, then $unset does nothing.',
    page: 'reference/operator/update/unset',
    explains: async (difference, again) =>
      codes(null, 28)(difference) &&
      difference.engine.message.startsWith('Invalid array index path') &&
      '$unset' in updateOf(difference.operation) &&
      (await doesWithoutUnset(again, difference)),
  },
  {
    name: 'operators that take away make documents on their way',
    rule: '$pull, $pullAll, $pop and $unset do nothing where the field does not exist.',
    page: 'reference/operator/update/pull',
    explains: (difference, again) =>
      isUpdate(difference) &&
      both(difference) &&
      sorted(difference.sandbox.text) ===
        sorted(withoutWays(difference.engine.text, difference.sandbox.text, difference.operation)) &&
      hasServersOrder(difference, again.before),
  },
];

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n');
}

/** A text with all numbers as JavaScript's: equal ones are the same, whatever their types. */
export function withoutNumberTypes(text: string): string {
  return text.replaceAll(/\{"\$number\w+":"([^"]*)"\}/g, (_whole, digits: string) => String(Number(digits)));
}

/** How many documents an update says that it has modified; NaN where it says nothing. */
function modified(text: string): number {
  return Number(/"nModified":\{"\$numberInt":"(\d+)"\}/.exec(text)?.[1]);
}

function withoutModified(text: string): string {
  return text.replace(/"nModified":\{[^}]*\}/, '');
}

/** Whether there is a double that may become a decimal: one that was given, or the result of an operator that gives doubles. */
export function hasDoubles({ command }: Operation, before: readonly Document[]): boolean {
  const text = shown([command, before]);
  return text.includes('"$numberDouble"') || /"\$(toDecimal|toDouble|convert|divide|sqrt|exp|ln|log|log10)"/.test(text);
}

/** Decimals without what does not change them: zeros behind the point, and the exponents of 0. */
export function withPlainDecimals(text: string): string {
  return text.replaceAll(
    /\{"\$numberDecimal":"(-?)([\d.]+)(E[+-]?\d+)?"\}/g,
    (whole, sign: string, digits: string, power: string | undefined) => {
      if (/^[0.]+$/.test(digits)) return 'decimal 0';
      return power === undefined
        ? `decimal ${sign}${digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits}`
        : whole;
    },
  );
}

/** Decimals as numbers of fourteen digits. */
function withNearDecimals(text: string): string {
  return text.replaceAll(/\{"\$numberDecimal":"([^"]*)"\}/g, (_whole, digits: string) =>
    Number(digits).toPrecision(14),
  );
}

function isPushOfNothing(operation: Operation): boolean {
  return /"\$slice":0|"\$each":\[\]/.test(EJSON.stringify(updateOf(operation)['$push'] ?? {}));
}

function isSameButForPushed({ operation, sandbox, engine }: Difference): boolean {
  if (operation.kind === 'update')
    return (
      modified(sandbox.text) > modified(engine.text) && withoutModified(sandbox.text) === withoutModified(engine.text)
    );
  // Only the sandbox may have made such a list.
  return (
    sandbox.text.split('[').length > engine.text.split('[').length &&
    sorted(withoutPushed(sandbox.text, operation)) === sorted(withoutPushed(engine.text, operation))
  );
}

/** Without the lists that a push of nothing makes, and the documents on their way. */
export function withoutPushed(text: string, operation: Operation): string {
  if (!isPushOfNothing(operation)) return text;
  const paths = Object.keys(updateOf(operation)['$push'] ?? {}).map((path) => path.split('.'));
  const lines = text.split('\n').map((line) => {
    if (!line.startsWith('{')) return line;
    const document = JSON.parse(line) as Record<string, unknown>;
    // findAndModify gives the document as a value.
    const { value } = document;
    const held = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : document;
    for (const [first = '', second] of paths) withoutEmpty(held, first, second);
    return JSON.stringify(document);
  });
  return lines.join('\n');
}

function withoutEmpty(document: Record<string, unknown>, first: string, second: string | undefined): void {
  const value = document[first];
  if (second === undefined) {
    if (Array.isArray(value) && value.length === 0) delete document[first];
  } else if (Array.isArray(value)) {
    const [only] = value as unknown[];
    if (second === '0' && value.length === 1 && Array.isArray(only) && only.length === 0) value.length = 0;
  } else if (typeof value === 'object' && value !== null) {
    withoutEmpty(value as Record<string, unknown>, second, undefined);
    if (Object.keys(value).length === 0) delete document[first];
  }
}

/** Whether the collection has an index two fields of which are lists in a document that the engine took and the sandbox refused. */
async function hasParallelArrays({ operation, sandbox }: Difference, again: EngineAgain): Promise<boolean> {
  if (sandbox.code !== 171 && !sandbox.text.includes('"171"')) return false;
  const keys = await again.indexes();
  const isParallel = (document: Document): boolean => keys.some((key) => listsOf(document, key) > 1);
  if (operation.kind !== 'insert')
    return (
      sandbox.message.includes('cannot index parallel arrays') &&
      ((await heldAfter(again, operation)).some(isParallel) ||
        (await heldAfterEach(again, operation)).some(isParallel) ||
        (await withListsPushed(operation, again)).some(isParallel))
    );
  const refused = again.before.filter(isParallel).length;
  const text = { n: again.before.length - refused, nModified: 0, refused: Array.from({ length: refused }, () => 171) };
  return sandbox.text === shown(text);
}

/** The documents that an update finds with the lists that a push of nothing makes of what is missing. */
async function withListsPushed(operation: Operation, again: EngineAgain): Promise<readonly Document[]> {
  if (!isPushOfNothing(operation)) return [];
  const { documents } = await again.over(again.before, [{ $match: queryOf(operation) }]);
  const [path = ''] = Object.keys(updateOf(operation)['$push'] ?? {});
  const [first = '', second] = path.split('.');
  return (documents ?? []).map((document) => {
    const held = document[first] as unknown;
    const isDoc = held === undefined || (typeof held === 'object' && held !== null);
    if (second === undefined) return held === undefined ? { ...document, [first]: [] } : document;
    return isDoc ? { ...document, [first]: { [second]: [], ...(held as Document | undefined) } } : document;
  });
}

/** How many lists an update that only pushes nothing makes of what is missing; the engine makes none. */
async function listsMadeByPush(operation: Operation, again: EngineAgain): Promise<number> {
  if (Object.keys(updateOf(operation)).join() !== '$push') return 0;
  const before = new Set(again.before.map(shown));
  return (await withListsPushed(operation, again)).filter((document) => !before.has(shown(document))).length;
}

/** How many fields of an index lead through a list or to one. */
function listsOf(document: Document, key: Document): number {
  return Object.keys(key).filter((path) => {
    const [first = '', second] = path.split('.');
    const value = document[first] as unknown;
    if (second === undefined || Array.isArray(value)) return Array.isArray(value);
    return Array.isArray((Object(value) as Document)[second]);
  }).length;
}
