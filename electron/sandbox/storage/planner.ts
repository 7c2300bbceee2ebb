import { isDoc, typeRank, type Doc } from '../semantics/values.ts';
import type { IndexField, IndexInfo } from './index-entries.ts';
import { fieldKey } from './index-entries.ts';
import { encodeKey, endOf, inverted, typeBounds } from './key-encoding.ts';

/** A stretch of an index: keys from `from` on, before `to`. */
export interface KeyRange {
  readonly from: Buffer;
  readonly to: Buffer;
  /** How many leading bytes all its keys share; behind them they are in the order of the remaining fields. */
  readonly prefixBytes: number;
}

/** How a filter is answered: by reading stretches of an index, or by reading everything in natural order. */
export type Plan =
  | {
      readonly type: 'index';
      readonly index: IndexInfo;
      readonly ranges: readonly KeyRange[];
      /** True where the stretches are to be read backwards. */
      readonly isBackward: boolean;
      /** True where merging the stretches gives the order that was asked for. */
      readonly coversSort: boolean;
      /** True where each stretch is one whole key of a unique index, under which there is one record at most. */
      readonly isPoints: boolean;
    }
  | { readonly type: 'scan'; readonly isBackward: boolean; readonly coversSort: boolean };

/** What a filter says of one field, as far as an index can use it. */
interface FieldPredicate {
  points: readonly unknown[] | null;
  lower: unknown;
  upper: unknown;
  hasLower: boolean;
  hasUpper: boolean;
  /** True where no value with the very key of the bound can match, so that however many have it none is read. */
  isLowerOpen: boolean;
  isUpperOpen: boolean;
}

/** One field of a sort with its direction. */
export type SortField = IndexField;

/** Products of `$in` lists above this number of stretches are not taken. */
const RANGES_MAX = 20_000;

/**
 * Chooses the index whose leading fields the filter fixes best, then one that gives the order, then none.
 * @param isHinted true where the client named the index: it is read whole where the filter says nothing of its fields
 */
export function planOf(filter: Doc, sort: readonly SortField[], indexes: readonly IndexInfo[], isHinted = false): Plan {
  if (sort.length === 1 && sort[0]?.path === '$natural') {
    return { type: 'scan', isBackward: sort[0].isDescending, coversSort: true };
  }
  const predicates = predicatesOf(filter);
  let best: { plan: Plan; score: number } | null = null;
  for (const index of indexes) {
    // A sparse or partial index that is named is read, whatever it lacks, as on MongoDB.
    if (!isHinted && !isUsable(index, filter, predicates)) continue;
    const candidate = planFor(index, predicates, sort, isHinted);
    if (candidate !== null && (best === null || candidate.score > best.score)) best = candidate;
  }
  return best?.plan ?? { type: 'scan', isBackward: false, coversSort: sort.length === 0 };
}

/** A sparse or partial index may be used only where it is sure to hold every document that matches. */
function isUsable(index: IndexInfo, filter: Doc, predicates: ReadonlyMap<string, FieldPredicate>): boolean {
  if (index.partialFilter !== null) {
    return Object.entries(index.partialFilter).every(
      ([key, value]) => Object.hasOwn(filter, key) && encodeKey(filter[key]).equals(encodeKey(value)),
    );
  }
  if (!index.isSparse) return true;
  return index.fields.some((field) => {
    const predicate = predicates.get(field.path);
    if (predicate === undefined) return false;
    if (predicate.points !== null) return predicate.points.every((point) => point !== null && point !== undefined);
    return (predicate.hasLower && predicate.lower !== null) || (predicate.hasUpper && predicate.upper !== null);
  });
}

function planFor(
  index: IndexInfo,
  predicates: ReadonlyMap<string, FieldPredicate>,
  sort: readonly SortField[],
  isHinted: boolean,
): { plan: Plan; score: number } | null {
  let prefixes: Buffer[] = [Buffer.alloc(0)];
  let depth = 0;
  for (; depth < index.fields.length; depth += 1) {
    const field = index.fields[depth];
    const isFree = field !== undefined && !isPaired(index, depth);
    const points = isFree ? (predicates.get(field.path)?.points ?? null) : null;
    if (field === undefined || points === null || prefixes.length * points.length > RANGES_MAX) break;
    const keys = distinct(points.map((point) => fieldKey(field, point === undefined ? null : point)));
    prefixes = prefixes.flatMap((prefix) => keys.map((key) => Buffer.concat([prefix, key])));
  }
  const next = index.fields[depth];
  const bounds =
    next === undefined || isPaired(index, depth) ? null : boundsOf(next, predicates.get(next.path), index.isMultikey);
  const ranges = prefixes.map((prefix) => ({
    from: bounds === null ? prefix : Buffer.concat([prefix, bounds.from]),
    to: bounds === null ? endOf(prefix) : Buffer.concat([prefix, bounds.to]),
    prefixBytes: prefix.length,
  }));
  const order = orderOf(index, depth, predicates, sort);
  if (!isHinted && depth === 0 && bounds === null && (order === null || sort.length === 0)) return null;
  const score =
    depth * 4 + (bounds === null ? 0 : 2) + (order === null || sort.length === 0 ? 0 : 3) + (index.isUnique ? 0.5 : 0);
  return {
    plan: {
      type: 'index',
      index,
      ranges,
      isBackward: order === 'backward',
      coversSort: order !== null,
      isPoints: index.isUnique && depth === index.fields.length && (sort.length === 0 || ranges.length === 1),
    },
    score,
  };
}

/** True for a field that may be in one list with an earlier one: a key has the values of one element, and a filter may be met by several. */
function isPaired({ fields, isMultikey }: IndexInfo, at: number): boolean {
  const first = (path: string | undefined): string => path?.split('.')[0] ?? '';
  return isMultikey && fields.slice(0, at).some((field) => first(field.path) === first(fields[at]?.path));
}

/** Whether the fields behind the fixed ones give the sort, and in which direction; a list would appear more than once. */
function orderOf(
  index: IndexInfo,
  depth: number,
  predicates: ReadonlyMap<string, FieldPredicate>,
  sort: readonly SortField[],
): 'forward' | 'backward' | null {
  if (sort.length === 0) return 'forward';
  if (index.isMultikey) return null;
  // A field that is fixed to one value does not matter to the order.
  const wanted = sort.filter((field) => {
    const position = index.fields.findIndex((indexed) => indexed.path === field.path);
    return !(position >= 0 && position < depth && predicates.get(field.path)?.points?.length === 1);
  });
  const given = index.fields.slice(depth);
  if (wanted.length > given.length) return null;
  const isSame = wanted.every(
    (field, at) => given[at]?.path === field.path && given[at].isDescending === field.isDescending,
  );
  if (isSame) return 'forward';
  const isOpposite = wanted.every(
    (field, at) => given[at]?.path === field.path && given[at].isDescending !== field.isDescending,
  );
  return isOpposite ? 'backward' : null;
}

function boundsOf(
  field: IndexField,
  predicate: FieldPredicate | undefined,
  isMultikey: boolean,
): { readonly from: Buffer; readonly to: Buffer } | null {
  if (predicate === undefined || (!predicate.hasLower && !predicate.hasUpper)) return null;
  const known = predicate.hasLower ? predicate.lower : predicate.upper;
  const type = typeBounds(known);
  const lower = predicate.hasLower ? encodeKey(predicate.lower) : null;
  // In a list one element may meet the one bound and another the other, so only one of the two limits what is read.
  const upper = predicate.hasUpper && !(isMultikey && predicate.hasLower) ? encodeKey(predicate.upper) : null;
  const { isLowerOpen, isUpperOpen } = predicate;
  if (!field.isDescending) {
    return {
      from: lower === null ? type.from : isLowerOpen ? endOf(lower) : lower,
      to: upper === null ? type.to : isUpperOpen ? upper : endOf(upper),
    };
  }
  const [first, last] = [upper, lower].map((key) => (key === null ? null : inverted(key)));
  return {
    from: !first ? inverted(Buffer.of(typeRank(known))) : isUpperOpen ? endOf(first) : first,
    to: !last ? Buffer.of(0x100 - typeRank(known)) : isLowerOpen ? last : endOf(last),
  };
}

function distinct(keys: readonly Buffer[]): Buffer[] {
  return [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()].sort((left, right) =>
    Buffer.compare(left, right),
  );
}

/** Gathers what the filter and its `$and` branches demand of each field. */
function predicatesOf(filter: Doc): ReadonlyMap<string, FieldPredicate> {
  const predicates = new Map<string, FieldPredicate>();
  gather(filter, predicates);
  return predicates;
}

function gather(filter: Doc, predicates: Map<string, FieldPredicate>): void {
  for (const [key, condition] of Object.entries(filter)) {
    if (key === '$and' && Array.isArray(condition)) {
      for (const branch of condition as unknown[]) if (isDoc(branch)) gather(branch, predicates);
    } else if (!key.startsWith('$')) {
      const predicate = predicates.get(key) ?? {
        points: null,
        lower: undefined,
        upper: undefined,
        hasLower: false,
        hasUpper: false,
        isLowerOpen: false,
        isUpperOpen: false,
      };
      if (demand(predicate, condition)) predicates.set(key, predicate);
    }
  }
}

function demand(predicate: FieldPredicate, condition: unknown): boolean {
  if (!isDoc(condition) || !(Object.keys(condition)[0] ?? '').startsWith('$')) return fix(predicate, [condition]);
  let isUsed = false;
  for (const [operator, operand] of Object.entries(condition)) {
    if (operator === '$eq') isUsed = fix(predicate, [operand]) || isUsed;
    else if (operator === '$in' && Array.isArray(operand)) isUsed = fix(predicate, operand as unknown[]) || isUsed;
    else if ((operator === '$gt' || operator === '$gte') && isRangeable(operand)) {
      const isLowerOpen = operator === '$gt' && hasOwnKey(operand);
      Object.assign(predicate, { lower: operand, hasLower: true, isLowerOpen });
      isUsed = true;
    } else if ((operator === '$lt' || operator === '$lte') && isRangeable(operand)) {
      const isUpperOpen = operator === '$lt' && hasOwnKey(operand);
      Object.assign(predicate, { upper: operand, hasUpper: true, isUpperOpen });
      isUsed = true;
    }
  }
  return isUsed;
}

/** Lists and expressions match in more ways than by their own key, so they fix nothing. */
function fix(predicate: FieldPredicate, values: readonly unknown[]): boolean {
  if (values.some((value) => Array.isArray(value) || typeRank(value) === 50)) return false;
  if (predicate.points === null || values.length < predicate.points.length) predicate.points = values;
  return true;
}

/** Texts are equal where their keys are; numbers of different types may share one. */
function hasOwnKey(value: unknown): boolean {
  return typeof value === 'string';
}

function isRangeable(value: unknown): boolean {
  return [10, 15, 30, 35, 45, 47].includes(typeRank(value));
}
