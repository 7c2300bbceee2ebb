import type { Timestamp } from 'bson';
import { changedBits, changedNumber } from './arithmetic-updates.ts';
import type { Collation } from './collation.ts';
import { compareBytes, compareValues, isEqual } from './compare.ts';
import { keysOf, nameOf, pathOf } from './field-names.ts';
import { addedToSet, popped, pulled, pullTest, pushed } from './list-updates.ts';
import { matchedPlaces } from './matched-elements.ts';
import { matcherOf } from './matching.ts';
import { numberKind, toDouble } from './numbers.ts';
import { refuseDynamic, rename } from './renames.ts';
import { ServerError } from './server-error.ts';
import { shownValue } from './shown-value.ts';
import { typeNameOf } from './type-operator.ts';
import { refuseConflicts, refuseMeetings } from './update-conflicts.ts';
import { changeAt, type Change, type Positions, type Way, type Write } from './update-paths.ts';
import { isDoc, type Doc } from './values.ts';

/** What operators need besides the document. */
export interface OperatorContext {
  /** What chose the document. */
  readonly filter: Doc;
  readonly arrayFilters: readonly Doc[];
  readonly collation: Collation | null;
  /** The time of the statement, and the server's logical time for timestamps. */
  readonly now: Date;
  readonly timestamp: Timestamp;
  /** True for a document that an upsert makes. */
  readonly isInsert: boolean;
}

/** The operators of an update, in MongoDB's words. */
export const UPDATE_OPERATORS: ReadonlySet<string> = new Set([
  '$addToSet',
  '$bit',
  '$currentDate',
  '$inc',
  '$max',
  '$min',
  '$mul',
  '$pop',
  '$pull',
  '$pullAll',
  '$push',
  '$rename',
  '$set',
  '$setOnInsert',
  '$unset',
]);
/** Operators that make nothing where nothing is; but for the first they refuse a path on which nothing could be. */
const CREATES_NOTHING: ReadonlyMap<string, Way> = new Map([
  ['$unset', 'leave'],
  ['$pop', 'check'],
  ['$pull', 'check'],
  ['$pullAll', 'check'],
] as const);

interface Step {
  readonly operator: string;
  readonly path: readonly string[];
  readonly operand: unknown;
}

/**
 * Applies operators to a document in exact form, in place: the paths in their order, as MongoDB does.
 * @returns what they wrote, in that order; of a `$push` that only put elements behind the others, these elements
 */
export function applyOperators(document: Doc, operators: Doc, context: OperatorContext): readonly Write[] {
  const steps = stepsOf(operators);
  const paths = pathsOf(steps);
  refuseConflicts(paths);
  const positions = positionsOf(document, steps, context);
  refuseMeetings(document, paths, positions);
  const id = document['_id'];
  const writes: Write[] = [];
  for (const { operator, path, operand } of steps) {
    if (operator === '$setOnInsert' && !context.isInsert) continue;
    if (!context.isInsert) refuseDollar(operator, operator === '$rename' ? operand : pathOf(path));
    if (operator === '$rename' && typeof operand === 'string') {
      writes.push(...rename(document, path, operand, positions));
      continue;
    }
    const written = changeAt(document, path, changeOf(operator, operand, id, context), {
      way: wayOf(operator),
      positions,
    });
    writes.push(...(operator === '$push' ? written.flatMap((one) => ofPush(one, operand)) : written));
  }
  return writes;
}

/** A list is written as a whole, unless elements were only put behind others without a word of their order (MongoDB's `PushNode::logUpdate`). */
function ofPush(write: Write, operand: unknown): readonly Write[] {
  const { before, after, path } = write;
  if (!Array.isArray(before) || !Array.isArray(after) || before.length === 0) return [write];
  const { $each, $sort, $position } =
    isDoc(operand) && Array.isArray(operand['$each']) ? operand : { $each: [operand] };
  const added = $each as readonly unknown[];
  const isBehind = $position === undefined || toDouble($position) > before.length;
  if ($sort !== undefined || !isBehind || after.length !== before.length + added.length) return [write];
  return added.map((element, at) => ({
    kind: 'created',
    path: [...path, before.length + at],
    before: undefined,
    after: element,
  }));
}

/** Documents may have fields of the first level with a dollar, but no operator makes one in a document that is there. */
function refuseDollar(operator: string, path: unknown): void {
  if (typeof path !== 'string' || !path.startsWith('$') || CREATES_NOTHING.has(operator)) return;
  const name = path.split('.')[0] ?? '';
  throw new ServerError(
    'DollarPrefixedFieldName',
    `The dollar ($) prefixed field '${name}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
  );
}

/** Refuses operators that are wrong whatever document they meet. Errors: `ConflictingUpdateOperators`, `EmptyFieldName`, and what an operand is refused with. */
export function refuseConflictingOperators(operators: Doc): void {
  const steps = stepsOf(operators);
  refuseConflicts(pathsOf(steps));
  for (const { operator, path, operand } of steps) refuseOperand(operator, path.join('.'), operand);
}

/** {@link refuseConflictingOperators}, and what else is told of operators without a document: their modifiers and array filters. */
export function refuseUnusableOperators(operators: Doc, context: OperatorContext): void {
  const steps = stepsOf(operators);
  positionsOf({}, steps, context);
  for (const { operator, path, operand } of steps) {
    if (operator === '$rename') refuseDynamic(path, keysOf(String(operand)));
    else changeOf(operator, operand, undefined, context)(undefined, pathOf(path));
  }
}

function refuseOperand(operator: string, path: string, operand: unknown): void {
  if (operator === '$pop') refusePop(operand);
  if (operator === '$pullAll' && !Array.isArray(operand))
    throw new ServerError('BadValue', `$pullAll requires an array argument but was given a ${typeNameOf(operand)}`);
  if ((operator === '$inc' || operator === '$mul') && numberKind(operand) === null)
    throw new ServerError(
      'TypeMismatch',
      `Cannot ${operator === '$inc' ? 'increment' : 'multiply'} with non-numeric argument: {${path}: ${shownValue(operand)}}`,
    );
  if (operator === '$pull') pullTest(operand, null);
}

function wayOf(operator: string): Way {
  return CREATES_NOTHING.get(operator) ?? 'create';
}

function stepsOf(operators: Doc): Step[] {
  const steps: Step[] = [];
  for (const [operator, fields] of Object.entries(operators)) {
    for (const [field, operand] of Object.entries(fields as Doc)) {
      const path = keysOf(field);
      refuseEmptyNames(field);
      if (operator === '$rename') refuseTarget(field, operand);
      if (path[0]?.startsWith('$') === true && (path[0] === '$' || path[0].startsWith('$[')))
        throw new ServerError(
          'BadValue',
          `Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '${field}'`,
        );
      steps.push({ operator, path, operand });
    }
  }
  return steps.sort((left, right) => comparePaths(placeOfStep(left), placeOfStep(right)));
}

function refuseEmptyNames(path: string): void {
  if (path === '') throw new ServerError('EmptyFieldName', 'An empty update path is not valid.');
  if (keysOf(path).includes(''))
    throw new ServerError(
      'EmptyFieldName',
      `The update path '${path}' contains an empty field name, which is not allowed.`,
    );
}

function refuseTarget(from: string, to: unknown): void {
  if (typeof to !== 'string')
    throw new ServerError('BadValue', `The 'to' field for $rename must be a string: ${from}: ${shownValue(to)}`);
  refuseEmptyNames(to);
  if (to === from)
    throw new ServerError(
      'BadValue',
      `The source and target field for $rename must differ: ${from}: ${shownValue(to)}`,
    );
}

/** A field is renamed when its new name comes, as on the server. */
function placeOfStep({ operator, path, operand }: Step): readonly string[] {
  return operator === '$rename' && typeof operand === 'string' ? keysOf(operand) : path;
}

/** By names, but whole numbers by what they are: the manual's "Fields with numeric names are processed in numeric order". */
function comparePaths(left: readonly string[], right: readonly string[]): number {
  for (const [at, name] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    if (name === other) continue;
    const [one, two] = [nameOf(name), nameOf(other)];
    const isNumbers = /^\d+$/.test(one) && /^\d+$/.test(two);
    return isNumbers ? compareWhole(one, two) : compareBytes(one, two);
  }
  return left.length - right.length;
}

function compareWhole(left: string, right: string): number {
  const [one, two] = [BigInt(left), BigInt(right)];
  return one < two ? -1 : Number(one > two);
}

/** All paths that steps write to. */
function pathsOf(steps: readonly Step[]): readonly (readonly string[])[] {
  return steps.flatMap(({ operator, path, operand }) =>
    operator === '$rename' && typeof operand === 'string' ? [path, keysOf(operand)] : [path],
  );
}

function changeOf(operator: string, operand: unknown, id: unknown, context: OperatorContext): Change {
  const { collation } = context;
  const present =
    (change: Change): Change =>
    (current, name) =>
      current === undefined ? undefined : change(current, name);
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      return () => copyOf(operand);
    case '$unset':
      return () => undefined;
    case '$inc':
    case '$mul':
      return (current, name) => changedNumber(operator, current, operand, { id, name });
    case '$bit':
      return (current, name) => changedBits(current, operand, { id, name });
    case '$min':
      return (current) =>
        current === undefined || compareValues(operand, current, collation) < 0 ? copyOf(operand) : current;
    case '$max':
      return (current) =>
        current === undefined || compareValues(operand, current, collation) > 0 ? copyOf(operand) : current;
    case '$currentDate':
      return () => currentDate(operand, context);
    case '$push':
      return (current, name) => pushed(current, copyOf(operand), { id, name }, collation);
    case '$addToSet':
      return (current, name) => addedToSet(current, copyOf(operand), { id, name }, collation);
    case '$pop':
      refusePop(operand);
      return present((current, name) => popped(current, operand, { id, name }));
    case '$pull': {
      const test = pullTest(operand, collation);
      return present((current) => pulled(current, test));
    }
    case '$pullAll':
      if (!Array.isArray(operand))
        throw new ServerError('BadValue', `$pullAll requires an array argument but was given a ${typeNameOf(operand)}`);
      return present((current) =>
        pulled(current, (value) => (operand as unknown[]).some((one) => isEqual(one, value, collation))),
      );
    default:
      throw new ServerError('FailedToParse', `Unknown modifier: ${operator}`);
  }
}

function refusePop(operand: unknown): void {
  if (numberKind(operand) === null)
    throw new ServerError('FailedToParse', `Expected a number in: $pop: ${shownValue(operand)}`);
  const number = toDouble(operand);
  if (number !== 1 && number !== -1)
    throw new ServerError('FailedToParse', `$pop expects 1 or -1, found: ${shownValue(operand)}`);
}

function currentDate(operand: unknown, { now, timestamp }: OperatorContext): unknown {
  if (typeof operand === 'boolean') return now;
  const type = isDoc(operand) && Object.keys(operand).length === 1 ? operand['$type'] : undefined;
  if (type === 'date') return now;
  if (type === 'timestamp') return timestamp;
  if (isDoc(operand) && !Object.hasOwn(operand, '$type'))
    throw new ServerError('BadValue', `Unrecognized $currentDate option: ${Object.keys(operand)[0] ?? ''}`);
  throw new ServerError(
    'BadValue',
    isDoc(operand)
      ? `The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}`
      : `${typeNameOf(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
  );
}

function positionsOf(document: Doc, steps: readonly Step[], context: OperatorContext): Positions {
  const filters = namedFilters(context);
  const used = new Set(
    steps.flatMap(({ path }) => path.filter((name) => name.startsWith('$[')).map((name) => name.slice(2, -1))),
  );
  for (const name of used) {
    if (name !== '' && !filters.has(name)) {
      const path = steps.find((one) => one.path.includes(`$[${name}]`))?.path ?? [];
      throw new ServerError('BadValue', `No array filter found for identifier '${name}' in path '${path.join('.')}'`);
    }
  }
  const unused = [...filters.keys()].find((name) => !used.has(name));
  if (unused !== undefined)
    throw new ServerError('FailedToParse', `The array filter for identifier '${unused}' was not used in the update`);
  // What the filter matched is told of the document as it was.
  const matched = steps.some(({ path }) => path.includes('$')) ? matchedPlace(document, context) : null;
  return {
    matched: () => {
      if (matched !== null) return matched;
      throw new ServerError('BadValue', 'The positional operator did not find the match needed from the query.');
    },
    isChosen: (name, element) => filters.get(name)?.({ [name]: element }) ?? false,
  };
}

function namedFilters({ arrayFilters, collation }: OperatorContext): Map<string, (document: Doc) => boolean> {
  const filters = new Map<string, (document: Doc) => boolean>();
  for (const filter of arrayFilters) {
    const names = new Set(fieldsOf(filter).map((field) => field.split('.')[0] ?? ''));
    const [name] = names;
    if (name === undefined)
      throw new ServerError('FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters');
    if (names.size > 1)
      throw new ServerError(
        'FailedToParse',
        `Error parsing array filter :: caused by :: Expected a single top-level field name, found ${[...names].map((one) => `'${one}'`).join(' and ')}`,
      );
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name))
      throw new ServerError(
        'BadValue',
        `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${name}'`,
      );
    if (filters.has(name))
      throw new ServerError('FailedToParse', `Found multiple array filters with the same top-level field name ${name}`);
    filters.set(name, matcherOf(filter, {}, collation));
  }
  return filters;
}

function fieldsOf(filter: Doc): string[] {
  return Object.entries(filter).flatMap(([key, value]) => {
    if (!key.startsWith('$')) return [key];
    return Array.isArray(value) ? (value as unknown[]).filter(isDoc).flatMap(fieldsOf) : [];
  });
}

/** The place that the filter's last condition was met at; null where it is none, as of a document that an upsert makes. */
function matchedPlace(document: Doc, context: OperatorContext): number | null {
  return context.isInsert ? null : (matchedPlaces(document, context).at(-1) ?? null);
}

/** A value whose documents and lists are nobody else's. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isDoc(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, copyOf(child)]));
}
