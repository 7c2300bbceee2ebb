import { EJSON } from 'bson';
import type { Outcome } from './outcome.ts';
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
  readonly explains: (difference: Difference) => boolean;
}

function textOf({ command }: Operation): string {
  return EJSON.stringify(command);
}

function codes(sandbox: number | null, engine: number | null): Deviation['explains'] {
  return (difference) => difference.sandbox.code === sandbox && difference.engine.code === engine;
}

const both: Deviation['explains'] = ({ sandbox, engine }) => sandbox.code === null && engine.code === null;
const isAggregate: Deviation['explains'] = ({ operation }) => operation.kind === 'aggregate';
const isPipeline: Deviation['explains'] = (difference) =>
  isAggregate(difference) || difference.operation.kind === 'pipelineUpdate';

/** The same documents with their fields in another order. */
function sorted(text: string): string {
  return text.split('').sort().join('');
}

/** The same numbers everywhere, of which some are doubles on the sandbox and whole on the engine. */
function isSameButForNumberTypes(difference: Difference): boolean {
  const plain = (text: string): string =>
    text
      .replaceAll(/\{"\$number(?:Int|Long|Double)":"(-?\d+)(?:\.0)?"\}/g, '$1')
      .replaceAll('-0', '0')
      // Where only the name of the type was asked for.
      .replaceAll(/"(?:int|long|double)"/g, '"number"');
  // New fields may come in another order too, which is a deviation of its own.
  return both(difference) && sorted(plain(difference.sandbox.text)) === sorted(plain(difference.engine.text));
}

/** Every known deviation; the first that explains a difference names it. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'parallel arrays are indexed',
    rule: 'For a compound multikey index, each indexed document can have at most one indexed field whose value is an array.',
    page: 'core/indexes/index-types/index-multikey',
    explains: ({ sandbox, engine }) => (sandbox.code === 171 || sandbox.text.includes('"171"')) && engine.code !== 171,
  },
  {
    name: 'a count of everything is estimated',
    rule: 'A count without a query gives the number of documents; only orphans of shards and unclean shutdowns make it inexact.',
    page: 'reference/command/count',
    explains: ({ operation }) => operation.kind === 'count' && textOf(operation).includes('"query":{}'),
  },
  {
    name: '$count of nothing gives a document',
    rule: "If the input dataset is empty, $count doesn't return a result.",
    page: 'reference/operator/aggregation/count',
    explains: (difference) =>
      both(difference) &&
      difference.sandbox.text === '' &&
      difference.engine.text === '{"n":{"$numberInt":"0"}}' &&
      textOf(difference.operation).includes('$count'),
  },
  {
    name: 'a missing part of a compound group key becomes null',
    rule: 'A field of an embedded document whose expression gives nothing is left out of it.',
    page: 'reference/operator/aggregation/group',
    explains: (difference) =>
      both(difference) &&
      textOf(difference.operation).includes('"_id":{"one":') &&
      withoutNulls(difference.sandbox.text) === withoutNulls(difference.engine.text),
  },
  {
    name: 'a missing group key leaves the group without _id',
    rule: 'A missing field is grouped together with null.',
    page: 'reference/operator/aggregation/group',
    explains: (difference) =>
      both(difference) &&
      /\$group|\$sortByCount/.test(textOf(difference.operation)) &&
      difference.engine.text.split('\n').some((line) => line !== '' && !line.startsWith('{"_id":')),
  },
  {
    name: 'a refused statement is taken back whole',
    rule: 'If an error occurs after some documents were updated, those stay updated: an updateMany is not atomic.',
    page: 'reference/method/db.collection.updateMany',
    explains: ({ operation, sandbox, engine }) =>
      /^(update|pipelineUpdate)-contents$/.test(operation.kind) &&
      sandbox.wasRefused === true &&
      engine.wasRefused === true,
  },
  {
    name: 'new fields come in the order of the update',
    rule: 'Update operators process document fields with string-based names in lexicographic order.',
    page: 'reference/operator/update',
    explains: (difference) => both(difference) && sorted(difference.sandbox.text) === sorted(difference.engine.text),
  },
  {
    name: 'conflicts are told only where a document is found',
    rule: "An update whose paths collide is refused (40) when it is parsed: 'Updating the path … would create a conflict'.",
    page: 'reference/operator/update',
    explains: ({ sandbox, engine }) => sandbox.code === 40 && (engine.code === null || engine.code === 54),
  },
  {
    name: 'an upsert over a value that is none ends in an internal error',
    rule: '$inc and $mul on a value that is no number are refused with TypeMismatch (14), list operators with BadValue (2).',
    page: 'reference/operator/update/inc',
    explains: ({ sandbox, engine }) => sandbox.code !== null && engine.code === 1088,
  },
  {
    name: 'a field of a list is refused with FailedToParse',
    rule: 'A path that leads through a list without a place in it is refused with PathNotViable (28).',
    page: 'reference/operator/update',
    explains: codes(28, 9),
  },
  {
    name: '$pop of what is no list is refused with BadValue',
    rule: '$pop fails if the field is not an array; the server says TypeMismatch (14).',
    page: 'reference/operator/update/pop',
    explains: (difference) => codes(14, 2)(difference) && textOf(difference.operation).includes('$pop'),
  },
  {
    name: '$push of nothing on a missing list makes none',
    rule: 'If the field is absent in the document to update, $push adds the array field with the value as its element.',
    page: 'reference/operator/update/push',
    explains: (difference) => both(difference) && /"\$slice":0|"\$each":\[\]/.test(textOf(difference.operation)),
  },
  {
    name: 'what is missing is compared with the ends of the order as null is not',
    rule: 'MinKey is below and MaxKey above all other values in the order of comparison, also what is missing.',
    page: 'reference/bson-type-comparison-order',
    explains: ({ operation }) => /"\$(lte?|gte?)":\{"\$(min|max)Key"/.test(textOf(operation)),
  },
  {
    name: 'findAndModify passes over an addition to what is no number, beside an operator that takes away',
    rule: '$inc on a value that is no number is refused with TypeMismatch (14).',
    page: 'reference/operator/update/inc',
    explains: ({ operation, sandbox, engine }) =>
      operation.kind === 'findAndModify' &&
      sandbox.code === 14 &&
      engine.code === null &&
      /"\$(inc|mul)"/.test(textOf(operation)) &&
      /"\$(pull|pullAll|pop|unset)"/.test(textOf(operation)),
  },
  {
    name: 'a double that becomes a decimal has fifteen digits also where it is added up, and where it is 0',
    rule: '$sum and $avg add up with the precision of a double; $toDecimal of 0.0 is 0.',
    page: 'reference/operator/aggregation/toDecimal',
    explains: (difference) =>
      both(difference) &&
      /"\$(sum|avg)"|\b0\b/.test(textOf(difference.operation) + difference.documents) &&
      withNearDecimals(difference.sandbox.text) === withNearDecimals(difference.engine.text),
  },
  {
    name: 'another one of several equal numbers is told',
    rule: 'distinct gives each value once; which of equal numbers of different types that is, the manual leaves open.',
    page: 'reference/command/distinct',
    explains: (difference) =>
      both(difference) &&
      difference.operation.kind === 'distinct' &&
      sortedLines(withoutNumberTypes(difference.sandbox.text)) ===
        sortedLines(withoutNumberTypes(difference.engine.text)),
  },
  {
    name: 'another one of several equal numbers names a group',
    rule: 'A group is each distinct value of its key; which of equal numbers of different types names it, the manual leaves open.',
    page: 'reference/operator/aggregation/group',
    explains: (difference) =>
      /\$group|\$sortByCount/.test(textOf(difference.operation)) && isSameButForNumberTypes(difference),
  },
  {
    name: 'an addition of nothing to what is no number is passed over',
    rule: '$inc on a value that is no number is refused with TypeMismatch (14).',
    page: 'reference/operator/update/inc',
    explains: ({ operation, sandbox, engine }) =>
      sandbox.code === 14 &&
      engine.code === null &&
      /"\$(inc|mul)":\{"[^"]*":(0|\{"\$numberDecimal":"0"\})/.test(textOf(operation)),
  },
  {
    name: 'a condition that this engine does not support',
    rule: 'An empty list is a value like any other and may stand beside $elemMatch of another field.',
    page: 'reference/operator/query/elemMatch',
    explains: ({ sandbox, engine }) =>
      sandbox.code === null && engine.code === 8 && engine.message.includes('not supported yet'),
  },
  {
    name: 'a field that a stage before took out is read still',
    rule: 'Each stage performs an operation on the input documents and passes the result to the next.',
    page: 'core/aggregation-pipeline',
    explains: (difference) =>
      both(difference) &&
      isAggregate(difference) &&
      /\{"\$unset":.*\{"\$(addFields|set|project|group)"/.test(textOf(difference.operation)),
  },
  {
    name: 'fields below one that an excluding $project took out are made and read by the stages behind it',
    rule: 'Each stage performs an operation on the input documents and passes the result to the next.',
    page: 'core/aggregation-pipeline',
    explains: (difference) =>
      both(difference) &&
      isAggregate(difference) &&
      /\{"\$project":\{[^}]*"[a-d]\.\w":0.*\{"\$(addFields|group|sortByCount|replaceWith|match|unwind)"/.test(
        textOf(difference.operation),
      ),
  },
  {
    name: '$not of $in with null beside numbers of another type finds what is in the list',
    rule: '$not selects the documents that do not match the operator expression; numbers compare by their value, whatever their type.',
    page: 'reference/operator/query/not',
    explains: (difference) => both(difference) && textOf(difference.operation).includes('"$not":{"$in":['),
  },
  {
    name: 'an update that changes nothing is counted as a modification',
    rule: 'If the update operation results in no change to the document, nModified can be less than n.',
    page: 'reference/command/update',
    explains: (difference) => {
      const [sandbox, engine] = [modified(difference.sandbox.text), modified(difference.engine.text)];
      return (
        both(difference) &&
        difference.operation.kind.startsWith('update') &&
        sandbox < engine &&
        withoutModified(difference.sandbox.text) === withoutModified(difference.engine.text)
      );
    },
  },
  {
    name: '$unset of a field of a list is refused',
    rule: 'If the field does not exist, then $unset does nothing.',
    page: 'reference/operator/update/unset',
    explains: ({ operation, sandbox, engine }) =>
      sandbox.code === null && engine.code === 28 && textOf(operation).includes('"$unset"'),
  },
  {
    name: 'an empty list sorts beside null',
    rule: 'A comparison of an empty array treats the empty array as less than null or a missing field.',
    page: 'reference/bson-type-comparison-order',
    explains: (difference) =>
      /"\$?sort":\{"[abc]/.test(textOf(difference.operation)) &&
      /\[\]/.test(difference.documents + difference.sandbox.text + difference.engine.text),
  },
  {
    name: 'an average of whole numbers that comes out even stays whole',
    rule: '$avg divides: the mean of numbers that are no decimals is a double.',
    page: 'reference/operator/aggregation/avg',
    explains: (difference) => textOf(difference.operation).includes('"$avg"') && isSameButForNumberTypes(difference),
  },
  {
    name: 'an average of a decimal beside what is no number is a double',
    rule: '$avg ignores what is no number; where a decimal is among the numbers, the mean is a decimal.',
    page: 'reference/operator/aggregation/avg',
    explains: (difference) =>
      both(difference) &&
      textOf(difference.operation).includes('"$avg"') &&
      withoutNumberTypes(difference.sandbox.text) === withoutNumberTypes(difference.engine.text),
  },
  {
    name: '$mod of a double gives a whole number',
    rule: 'The remainder of numbers of which one is a double is a double.',
    page: 'reference/operator/aggregation/mod',
    explains: (difference) => textOf(difference.operation).includes('"$mod"') && isSameButForNumberTypes(difference),
  },
  {
    name: 'the stage $unset, and an excluding $project, make the documents on their way',
    rule: 'The $unset stage removes fields; it is $project with exclusions only.',
    page: 'reference/operator/aggregation/unset',
    explains: (difference) =>
      both(difference) &&
      (textOf(difference.operation).includes('{"$unset":["b","c.x"]}') ||
        (/\{"\$project":\{[^}]*"[a-d]\.x":0/.test(textOf(difference.operation)) &&
          sorted(withoutEmpty(difference.sandbox.text)) === sorted(withoutEmpty(difference.engine.text)))),
  },
  {
    name: 'operators that take away make documents on their way',
    rule: '$pull, $pullAll, $pop and $unset do nothing where the field does not exist.',
    page: 'reference/operator/update/pull',
    explains: (difference) =>
      /"\$(pull|pullAll|pop|unset|rename)"/.test(textOf(difference.operation)) &&
      /^(update|findAndModify)/.test(difference.operation.kind) &&
      withoutEmpty(difference.sandbox.text) === withoutEmpty(difference.engine.text),
  },
  {
    name: 'an accumulator of what is missing is left out',
    rule: 'The value of a group that has none is null.',
    page: 'reference/operator/aggregation/first',
    explains: (difference) =>
      both(difference) &&
      textOf(difference.operation).includes('$group') &&
      sorted(difference.sandbox.text.replaceAll(',"value":null', '')) ===
        sorted(difference.engine.text.replaceAll(',"value":null', '')),
  },
  {
    name: 'a wrong operand behind a null one is refused',
    rule: 'Operands are looked at in their order, and the first that is null or missing makes the result null.',
    page: 'reference/operator/aggregation/add',
    explains: ({ operation, sandbox, engine }) =>
      sandbox.code === null &&
      (engine.code === 14 || engine.code === 28_664) &&
      /\$(add|multiply|subtract|concatArrays)/.test(textOf(operation)),
  },
  {
    name: 'fields that a stage before took out, and documents that it left out, are evaluated still',
    rule: 'Each stage performs an operation on the input documents and passes the result to the next.',
    page: 'core/aggregation-pipeline',
    explains: (difference) =>
      isPipeline(difference) &&
      difference.sandbox.code === null &&
      difference.engine.code !== null &&
      /\$unset|\$match|\$project|\$cond|\$ifNull|\$and|\$or/.test(textOf(difference.operation)),
  },
  {
    name: 'expressions whose result nobody needs are not evaluated',
    rule: 'Each stage performs an operation on the input documents and passes the result to the next.',
    page: 'core/aggregation-pipeline',
    explains: (difference) =>
      isAggregate(difference) &&
      difference.sandbox.code !== null &&
      difference.engine.code === null &&
      /\$count|\$group|\$sortByCount|\$unset|\$project|\$replaceWith|\$match/.test(textOf(difference.operation)),
  },
  {
    name: 'another of several wrong expressions is told',
    rule: 'Which of several errors in one pipeline is told follows from the order of evaluation, which the manual leaves open.',
    page: 'core/aggregation-pipeline',
    explains: ({ sandbox, engine }) => sandbox.code !== null && engine.code !== null && sandbox.code !== engine.code,
  },
];

/** What a group has nothing of may be left out too, which is a deviation of its own. */
function withoutNulls(text: string): string {
  return text
    .replaceAll(',"value":null', '')
    .split('\n')
    .map((line) => line.replaceAll(/"(one|two)":null,?/g, '').replaceAll(',}', '}'))
    .sort()
    .join('\n');
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n');
}

/** All numbers as JavaScript's. */
function withoutNumberTypes(text: string): string {
  return text.replaceAll(/\{"\$number\w+":"([^"]*)"\}/g, (_whole, digits: string) => String(Number(digits)));
}

/** In an order of its own: what was upserted has no id to be ordered by. */
function withoutEmpty(text: string): string {
  return text
    .replaceAll(/,"[abcd]":(\{\}|null)/g, '')
    .split('\n')
    .sort()
    .join('\n');
}

/** How many documents an update says that it has modified; NaN where it says nothing. */
function modified(text: string): number {
  return Number(/"nModified":\{"\$numberInt":"(\d+)"\}/.exec(text)?.[1]);
}

function withoutModified(text: string): string {
  return text.replace(/"nModified":\{[^}]*\}/, '');
}

/** Decimals as numbers of fourteen digits. */
function withNearDecimals(text: string): string {
  return text.replaceAll(/\{"\$numberDecimal":"([^"]*)"\}/g, (_whole, digits: string) =>
    Number(digits).toPrecision(14),
  );
}
