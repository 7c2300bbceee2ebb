import type { Timestamp } from 'bson';
import { rankedTexts, type Collation } from '../semantics/collation.ts';
import { refuseFieldPath } from '../semantics/expressions/names.ts';
import { matcherOf } from '../semantics/matching.ts';
import { simpleMatcher } from '../semantics/simple-matching.ts';
import { EMPTY_LIST, sortValuesAt } from '../semantics/paths.ts';
import { Memory, MEMORY_MAX } from '../semantics/stages/memory.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { fieldsOf, isSamePattern, type Catalog, type CollectionInfo } from './catalog.ts';
import { indexedValue, type IndexField, type IndexInfo } from './index-entries.ts';
import { encodeKey, inverted } from './key-encoding.ts';
import { planOf, type Plan, type SortField } from './planner.ts';
import type { IndexPosition } from './records.ts';
import { sampleOf } from './sample.ts';
import type { RecordSource } from './snapshot.ts';
import type { SortEntry } from './sort-buffer.ts';

/** A document with its place. */
export interface Found {
  readonly record: number;
  /** In exact form. */
  readonly document: Doc;
}

/** What a read asks for; all documents in exact form. */
export interface ReadRequest {
  readonly filter: Doc;
  readonly sort?: Doc | null;
  readonly skip?: number;
  /** 0 means no limit. */
  readonly limit?: number;
  /** An index's name or key pattern. */
  readonly hint?: unknown;
  /** Values of `let`. */
  readonly variables?: Doc;
  /** How texts compare; by their bytes where it is not there. */
  readonly collation?: Collation | null;
  /** The logical time whose documents are read; the present where it is not there. */
  readonly at?: Timestamp | null;
  /** False where a sort may not hold more than MongoDB allows without the disk. */
  readonly allowDiskUse?: boolean;
  /** The names of all fields of the first level that anybody looks at; null where that is not known. */
  readonly fields?: ReadonlySet<string> | null;
  /** So many of the documents, chosen and ordered by chance; only where there is neither a filter nor an order. */
  readonly sample?: number;
  /** What the read looks at is counted here. */
  readonly stats?: ReadStats;
}

/** What a read looked at. */
export interface ReadStats {
  keysExamined: number;
  docsExamined: number;
}

/** The plan for a read, also for `explain`. */
export function planRead(collection: CollectionInfo, request: ReadRequest): Plan {
  const sort = sortFieldsOf(request.sort);
  const natural = naturalOf(request.hint);
  if (natural !== null && sort[0]?.path !== '$natural')
    return { type: 'scan', isBackward: natural < 0, coversSort: sort.length === 0 };
  return planOf(request.filter, sort, indexesFor(collection, request, sort), isHinted(request));
}

/** The fields of an order within a pipeline, where no order is the natural one. Errors: those of {@link checkedFieldsOf}, 16410. */
export function sortPatternOf(sort: Doc | null): readonly SortField[] {
  const fields = checkedFieldsOf(sort);
  for (const { path } of fields) refuseFieldPath(path);
  return fields;
}

/** Refuses a read that is wrong whatever there is to read, as MongoDB does before it looks. Errors: those of the filter, the sort and the hint. */
export function refuseWrong({ filter, variables, collation, sort, hint }: ReadRequest): void {
  matcherOf(filter, variables, collation);
  sortFieldsOf(sort);
  naturalOf(hint);
}

/** In which direction a hint wants everything read; null where it names no such order. Error: `BadValue`. */
function naturalOf(hint: unknown): number | null {
  if (!isDoc(hint) || !('$natural' in hint)) return null;
  const direction = numberOf(hint['$natural']);
  if (direction !== 1 && direction !== -1)
    throw new ServerError('BadValue', '$natural hint cannot be set to a value other than -1 or 1.');
  if (Object.keys(hint).length > 1) throw new ServerError('BadValue', '$natural hint must be alone');
  return direction;
}

function isHinted({ hint }: ReadRequest): boolean {
  return hint !== undefined && hint !== null && !(isDoc(hint) && Object.keys(hint).length === 0);
}

function indexesFor(
  collection: CollectionInfo,
  request: ReadRequest,
  sort: readonly SortField[],
): CollectionInfo['indexes'] {
  const { hint, collation = null } = request;
  // Every index here is in the order of bytes, which says nothing of texts in another order.
  if (collation !== null && !isHinted(request)) return [];
  const visible = collection.indexes.filter((index) => index.spec['hidden'] !== true);
  if (!isHinted(request) || naturalOf(hint) !== null) return visible;
  const named = visible.filter((index) =>
    typeof hint === 'string' ? index.name === hint : isSamePattern(index.spec['key'], hint),
  );
  if (named.length === 0 && sort.length >= 0) {
    throw new ServerError(
      'BadValue',
      'error processing query: planner returned error: hint provided does not correspond to an existing index',
    );
  }
  return collation === null ? named : [];
}

/**
 * The documents that match, in the order asked for, read as they are taken. @param catalog where the collection must still be, with the
 * index that it is read by; null for a read of the past. Error: `QueryPlanKilled` where it is not.
 */
export function* find(
  records: RecordSource,
  collection: CollectionInfo,
  request: ReadRequest,
  catalog: Catalog | null,
): Generator<Found> {
  const sort = sortFieldsOf(request.sort);
  let generation = catalog?.generation;
  const plan = planRead(collection, request);
  if (plan.type === 'index') records.countUse(plan.index);
  const found = matching(records, collection, plan, request);
  const ordered = plan.coversSort ? found : sorted(records, found, sort, request);
  let toSkip = request.skip ?? 0;
  let taken = 0;
  for (const one of ordered) {
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    yield one;
    if (catalog !== null && catalog.generation !== generation) {
      refuseGone(catalog, collection, plan);
      generation = catalog.generation;
    }
    taken += 1;
    if (taken === request.limit) return;
  }
}

/** Whoever reads on in a collection that is gone would take what is left for all. Error: `QueryPlanKilled`. */
function refuseGone(catalog: Catalog, { db, name, uuid }: CollectionInfo, plan: Plan): void {
  const now = catalog.find(db, name);
  // By these: the number of one that was dropped is given to the next.
  if (now?.uuid.equals(uuid) !== true)
    throw new ServerError('QueryPlanKilled', `collection dropped or renamed: ${db}.${name}. UUID ${uuid.toString()}`);
  const isSame = (index: IndexInfo, { id, spec }: IndexInfo): boolean =>
    index.id === id && index.name === spec['name'] && isSamePattern(index.spec['key'], spec['key']);
  if (plan.type === 'index' && !now.indexes.some((index) => isSame(index, plan.index)))
    throw new ServerError('QueryPlanKilled', `query plan killed :: index '${plan.index.name}' dropped`);
}

function* matching(
  records: RecordSource,
  collection: CollectionInfo,
  plan: Plan,
  request: ReadRequest,
): Generator<Found> {
  const matches = exactMatcher(request);
  const { stats } = request;
  const seen = new Set<number>();
  const all = recordsOf(records, collection, plan);
  // Chosen by their places: only what is chosen is read, as by the random cursor of MongoDB.
  for (const record of request.sample === undefined ? all : sampleOf(all, request.sample)) {
    if (stats !== undefined && plan.type === 'index') stats.keysExamined += 1;
    // A list puts a document into an index more than once, and it is one document still.
    if (plan.type === 'index' && plan.index.isMultikey) {
      if (seen.has(record)) continue;
      seen.add(record);
    }
    const document = records.read(record, request.fields);
    if (stats !== undefined) stats.docsExamined += 1;
    if (document !== null && matches(document)) yield { record, document };
  }
}

/** Tests documents in exact form: by the simple way where that decides, and by the general one where it does not. */
function exactMatcher({ filter, variables, collation }: ReadRequest): (document: Doc) => boolean {
  const simple = collation === undefined || collation === null ? simpleMatcher(filter) : null;
  if (simple === null) {
    return matcherOf(filter, variables, collation);
  }
  let general: ((document: Doc) => boolean) | null = null;
  return (document) => simple(document) ?? (general ??= matcherOf(filter, variables))(document);
}

function* recordsOf(records: RecordSource, collection: CollectionInfo, plan: Plan): Generator<number> {
  if (plan.type === 'scan') {
    yield* records.scan(collection, plan.isBackward);
    return;
  }
  if (plan.isPoints) {
    for (const { from } of plan.ranges) {
      const record = records.recordAt(plan.index, from);
      if (record !== null) yield record;
    }
    return;
  }
  if (plan.ranges.length === 1 || !plan.coversSort) {
    for (const range of plan.ranges) {
      for (const position of records.range(plan.index, range, plan.isBackward)) yield position.record;
    }
    return;
  }
  yield* merged(records, plan);
}

interface Stream {
  readonly positions: Iterator<IndexPosition>;
  readonly prefixBytes: number;
  head: IndexPosition;
}

/** Merges stretches, each in order behind its prefix, into one order: what MongoDB's planner calls a sort merge. */
function* merged(records: RecordSource, plan: Extract<Plan, { type: 'index' }>): Generator<number> {
  const streams: Stream[] = [];
  for (const range of plan.ranges) {
    const positions = records.range(plan.index, range, plan.isBackward);
    const first = positions.next();
    if (first.done !== true) streams.push({ positions, prefixBytes: range.prefixBytes, head: first.value });
  }
  const direction = plan.isBackward ? -1 : 1;
  while (streams.length > 0) {
    let least = streams[0];
    for (const stream of streams) {
      if (least === undefined || direction * compareHeads(stream, least) < 0) least = stream;
    }
    if (least === undefined) return;
    yield least.head.record;
    const next = least.positions.next();
    if (next.done === true) streams.splice(streams.indexOf(least), 1);
    else least.head = next.value;
  }
}

function compareHeads(left: Stream, right: Stream): number {
  return (
    Buffer.compare(left.head.key.subarray(left.prefixBytes), right.head.key.subarray(right.prefixBytes)) ||
    left.head.record - right.head.record
  );
}

/** Only places are held while sorting, and the documents read again in their order: no collection has to fit in memory. */
function* sorted(
  records: RecordSource,
  found: Iterable<Found>,
  sort: readonly SortField[],
  { collation = null, skip = 0, limit = 0, allowDiskUse = true, fields = null }: ReadRequest,
): Generator<Found> {
  // Of a sort with a limit MongoDB holds no more than the limit, which a page of its documents is far below.
  const counted = allowDiskUse || limit > 0 ? found : withinMemory(found);
  const entries = collation === null ? keyed(counted, sort) : collated(counted, sort, collation);
  for (const { record } of records.sorts.sorted(entries, limit === 0 ? 0 : skip + limit)) {
    const document = records.read(record, fields);
    if (document !== null) yield { record, document };
  }
}

/** Error: `QueryExceededMemoryLimitNoDiskUseAllowed`. */
function* withinMemory(found: Iterable<Found>): Generator<Found> {
  const memory = new Memory('sort', MEMORY_MAX);
  for (const one of found) {
    if (!memory.hold(one.document)) memory.refuse();
    yield one;
  }
}

function* keyed(found: Iterable<Found>, sort: readonly SortField[]): Generator<SortEntry> {
  for (const { record, document } of found) yield { key: sortKeyOf(document, sort), record };
}

/** The ranks of all texts that a sort compares are known only when everything was read; of that only these values are kept. */
function* collated(found: Iterable<Found>, sort: readonly SortField[], collation: Collation): Generator<SortEntry> {
  const rows = Array.from(found, ({ record, document }) => ({
    record,
    values: sort.map((field) => sortValuesAt(document, field.path)),
  }));
  const ranked = rankedTexts(
    collation,
    rows.flatMap((row) => row.values.flat()),
  );
  for (const { record, values } of rows) yield { key: keyOf(values, sort, ranked), record };
}

/** A document's place in a sort as bytes: of a list the least element counts, descending the greatest. */
export function sortKeyOf(document: Doc, sort: readonly SortField[]): Buffer {
  return keyOf(
    sort.map((field) => sortValuesAt(document, field.path)),
    sort,
    (value) => value,
  );
}

function keyOf(
  values: readonly (readonly unknown[])[],
  sort: readonly SortField[],
  ranked: (value: unknown) => unknown,
): Buffer {
  return Buffer.concat(
    sort.map((field: IndexField, at) => {
      const keys = (values[at] ?? []).map((value) =>
        encodeKey(value === EMPTY_LIST ? undefined : indexedValue(ranked(value))),
      );
      const [first, ...others] = keys;
      const chosen = others.reduce(
        (best, key) => (Buffer.compare(key, best) < 0 === !field.isDescending ? key : best),
        first ?? Buffer.alloc(0),
      );
      return field.isDescending ? inverted(chosen) : chosen;
    }),
  );
}

/** The fields of a sort document; none for no sort. Errors: `BadValue` for a natural order that is none, and those of {@link checkedFieldsOf}. */
export function sortFieldsOf(sort: Doc | null | undefined): readonly SortField[] {
  if (isDoc(sort) && Object.hasOwn(sort, '$natural') && Math.abs(numberOf(sort['$natural']) ?? 0) !== 1)
    throw new ServerError('BadValue', '$natural sort cannot be set to a value other than -1 or 1.');
  return checkedFieldsOf(sort);
}

/** Errors: 15974, 15975, `BadValue`, `NotImplemented`, and those of {@link refuseFieldPath}. */
function checkedFieldsOf(sort: Doc | null | undefined): readonly SortField[] {
  if (sort === null || sort === undefined) return [];
  for (const [path, direction] of Object.entries(sort)) {
    const number = numberOf(direction);
    if (isDoc(direction))
      throw new ServerError('NotImplemented', `The sandbox server sorts by no $meta, as for '${path}'`);
    if (number === null) throw new ServerError('Location15974', `Illegal key in $sort specification: ${path}`);
    if (number !== 1 && number !== -1)
      throw new ServerError('Location15975', '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
    if (path === '$natural' && Object.keys(sort).length > 1)
      throw new ServerError('BadValue', `Cannot include '$natural' in compound sort: ${shownValue(sort)}`);
    if (path !== '$natural') refuseFieldPath(path);
  }
  return fieldsOf(sort);
}
