import type { Collation } from './collation.ts';
import { compareBytes } from './compare.ts';
import { conditionOf, isOfValues, isOperators, isTrue, type MatchContext } from './field-conditions.ts';
import { keysOf, nameOf, placeOf } from './field-names.ts';
import { matcherOf } from './matching.ts';
import { patternOf } from './regular-expressions.ts';
import { ServerError } from './server-error.ts';
import { isDoc, type Doc } from './values.ts';

/** What a document was chosen by. */
export interface MatchedBy {
  readonly filter: Doc;
  readonly collation: Collation | null;
}

/** Kinds of conditions in the order of MongoDB's `MatchExpression::MatchType`; those that no element meets are not here. */
const KINDS = [
  'elements that are documents',
  'elements that are values',
  '$size',
  '$eq',
  '$lte',
  '$lt',
  '$gt',
  '$gte',
  '$regex',
  '$mod',
  '$exists',
  '$in',
  '$bitsAllSet',
  '$bitsAllClear',
  '$bitsAnySet',
  '$bitsAnyClear',
  '$type',
] as const;
type Kind = (typeof KINDS)[number];

/** A condition that an element of a list may meet. */
interface Leaf {
  readonly kind: Kind;
  readonly path: string;
  /** The condition as it would stand alone behind its path. */
  readonly condition: unknown;
}

/**
 * Where in a list each condition of a filter was met, in the order in which MongoDB asks them: it sorts what has to hold together by the kind of
 * condition and the path (`MatchExpression::sortTree`), and each place takes the place of the one before, whichever list it is of. A list that
 * meets a condition as a whole gives none, and of lists in lists the outermost one does.
 * Error: `NotImplemented` where MongoDB may have made one condition of the branches of an `$or`.
 */
export function matchedPlaces(document: Doc, { filter, collation }: MatchedBy): readonly number[] {
  const context: MatchContext = { collation, filter: (inner) => matcherOf(inner, {}, collation) };
  const leaves = leavesOf(filter, (path, conditions) => {
    for (const condition of conditions)
      if (typeof placeOfFirst(document, { kind: '$eq', path, condition }, context) === 'number')
        throw new ServerError(
          'NotImplemented',
          `The sandbox server does not know the element that an $or of several values of '${path}' matched`,
        );
  });
  return leaves
    .toSorted(
      (left, right) =>
        KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind) || compareBytes(nameOf(left.path), nameOf(right.path)),
    )
    .map((leaf) => placeOfFirst(document, leaf, context))
    .filter((place) => typeof place === 'number');
}

/** @param onValues told of several values of one path in an `$or` */
function leavesOf(filter: Doc, onValues: (path: string, values: readonly unknown[]) => void): readonly Leaf[] {
  return Object.entries(filter).flatMap(([key, given]) => {
    if (key === '$and' || key === '$or') {
      const branches = Array.isArray(given) ? (given as unknown[]).filter(isDoc) : [];
      if (key === '$and' || branches.length === 1) return branches.flatMap((branch) => leavesOf(branch, onValues));
      // It tells of no element, whichever of its branches is met.
      for (const [path, values] of valuesByPath(branches)) if (values.length > 1) onValues(path, values);
      return [];
    }
    return key.startsWith('$') ? [] : conditionsOf(given).map((leaf) => ({ ...leaf, path: key }));
  });
}

/** The values that fields equal in branches of nothing else. */
function valuesByPath(branches: readonly Doc[]): ReadonlyMap<string, readonly unknown[]> {
  const values = new Map<string, unknown[]>();
  for (const branch of branches) {
    const [[path, given] = ['', null], ...others] = Object.entries(branch);
    const [leaf, ...further] = path.startsWith('$') ? [] : conditionsOf(given);
    if (others.length === 0 && further.length === 0 && (leaf?.kind === '$eq' || leaf?.kind === '$in'))
      values.set(path, [...(values.get(path) ?? []), leaf.condition]);
  }
  return values;
}

type Condition = Omit<Leaf, 'path'>;

function conditionsOf(given: unknown): readonly Condition[] {
  if (!isOperators(given)) return [equality(given)];
  return Object.entries(given).flatMap(([operator, operand]): readonly Condition[] => {
    const values = Array.isArray(operand) ? (operand as unknown[]) : [];
    switch (operator) {
      case '$in':
        return values.length === 1 ? values.map(equality) : [{ kind: '$in', condition: { $in: operand } }];
      case '$all':
        return values.map((one) => (isElements(one) ? elements(one['$elemMatch']) : equality(one)));
      case '$elemMatch':
        return [elements(operand)];
      case '$exists':
        return isTrue(operand) ? [{ kind: '$exists', condition: { $exists: true } }] : [];
      case '$regex': {
        const { $options } = given;
        return [{ kind: '$regex', condition: { $regex: operand, ...($options === undefined ? {} : { $options }) } }];
      }
      default: {
        const kind = KINDS.find((one) => one === operator);
        return kind === undefined ? [] : [{ kind, condition: { [operator]: operand } }];
      }
    }
  });
}

function equality(value: unknown): Condition {
  return patternOf(value) === null ? { kind: '$eq', condition: { $eq: value } } : { kind: '$regex', condition: value };
}

function isElements(value: unknown): value is Doc {
  return isDoc(value) && Object.keys(value)[0] === '$elemMatch';
}

function elements(operand: unknown): Condition {
  const kind = isDoc(operand) && isOfValues(operand) ? 'elements that are values' : 'elements that are documents';
  return { kind, condition: { $elemMatch: operand } };
}

/** Where the first value stands that meets a condition: null outside of all lists; undefined where none does. */
function placeOfFirst(
  document: Doc,
  { kind, path, condition }: Leaf,
  context: MatchContext,
): number | null | undefined {
  const ofElement = conditionOf('list.0', condition, context);
  const ofList = conditionOf('list', condition, context);
  const isOfElements = kind === 'elements that are documents' || kind === 'elements that are values';
  const asked: Asked = {
    path: keysOf(path),
    meets: (value) => ofElement(value === undefined ? {} : { list: [value] }),
    isElement: isOfElements ? (value) => ofList({ list: [value] }) : null,
    isEntering: kind !== '$size',
  };
  return firstPlace(document, 0, null, asked);
}

interface Asked {
  readonly path: readonly string[];
  readonly meets: (value: unknown) => boolean;
  /** Whether an element is what a condition on elements asks for; null for other conditions. */
  readonly isElement: ((value: unknown) => boolean) | null;
  /** Whether the elements of a list at the end of the path are asked too. */
  readonly isEntering: boolean;
}

/** As MongoDB's `BSONElementIterator` goes through a document. @param depth how much of the path is gone @param outermost the place in the outermost list */
function firstPlace(value: unknown, depth: number, outermost: number | null, asked: Asked): number | null | undefined {
  const { path, meets, isElement } = asked;
  const name = path[depth];
  if (name === undefined) return lastPlace(value, outermost, asked);
  if (isDoc(value))
    return firstPlace(Object.hasOwn(value, name) ? value[name] : undefined, depth + 1, outermost, asked);
  if (!Array.isArray(value)) return meets(undefined) ? outermost : undefined;
  for (const [index, element] of (value as unknown[]).entries()) {
    const inner = isDoc(element) ? firstPlace(element, depth, outermost ?? index, asked) : undefined;
    if (inner !== undefined) return inner;
    if (placeOf(name) !== index) continue;
    // What is named by its place is not looked for in the list, so that this place is none that matched.
    const isWhole = depth === path.length - 1 && isElement === null;
    if (!isWhole) return firstPlace(element, depth + 1, outermost, asked);
    if (meets(element)) return outermost;
  }
  return undefined;
}

function lastPlace(
  value: unknown,
  outermost: number | null,
  { meets, isElement, isEntering }: Asked,
): number | null | undefined {
  if (Array.isArray(value) && isEntering) {
    const index = (value as unknown[]).findIndex((element) => (isElement ?? meets)(element));
    if (index >= 0) return outermost ?? index;
  }
  return isElement === null && meets(value) ? outermost : undefined;
}
