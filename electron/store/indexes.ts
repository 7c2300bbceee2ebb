import type { Db } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { MAPPED_PARTS } from '#domain/mapping/canonical-fields.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { ok, type Result } from '#domain/result.ts';
import { COLLECTION_NAMES, NEEDED_INDEXES, type Collections, type NeededIndex } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { orderToTheirs } from './mapping/mapped-filters.ts';

const PARTS = Object.keys(COLLECTION_NAMES) as (keyof Collections)[];

async function namesOf(db: Db, part: keyof Collections): Promise<Result<ReadonlySet<string>, AppError>> {
  const listed = await attemptCall(() => db.listCollections({ name: COLLECTION_NAMES[part] }).toArray());
  if (!listed.ok) return listed;
  // An index list of a collection that does not exist is an error on some servers and empty on others.
  if (listed.value.length === 0) return ok(new Set());
  const indexes = await attemptCall(() => db.collection(COLLECTION_NAMES[part]).indexes());
  return indexes.ok ? ok(new Set(indexes.value.map((index) => index.name ?? ''))) : indexes;
}

async function missingOf(db: Db, part: keyof Collections): Promise<Result<readonly NeededIndex[], AppError>> {
  const names = await namesOf(db, part);
  return names.ok ? ok(NEEDED_INDEXES[part].filter((index) => !names.value.has(index.name))) : names;
}

/** The needed indexes that are not there, as `collection.index`. */
export async function findMissingIndexes(db: Db): Promise<Result<readonly string[], AppError>> {
  const missing: string[] = [];
  for (const part of PARTS) {
    const found = await missingOf(db, part);
    if (!found.ok) return found;
    missing.push(...found.value.map((index) => `${COLLECTION_NAMES[part]}.${index.name}`));
  }
  return ok(missing);
}

/**
 * Creates the needed indexes that are not there.
 * @returns their names, as `collection.index`
 */
export async function createNeededIndexes(db: Db): Promise<Result<readonly string[], AppError>> {
  const created: string[] = [];
  for (const part of PARTS) {
    const missing = await missingOf(db, part);
    if (!missing.ok) return missing;
    if (missing.value.length === 0) continue;
    const result = await attemptCall(() => db.collection(COLLECTION_NAMES[part]).createIndexes([...missing.value]));
    if (!result.ok) return result;
    created.push(...missing.value.map((index) => `${COLLECTION_NAMES[part]}.${index.name}`));
  }
  return ok(created);
}

/**
 * An index of {@link findMissingIndexes} as a line for mongosh, by the names that collection and fields have there.
 * @param name as `collection.index`. Throws where Runledger needs none of that name, which is a bug.
 */
export function indexStatement(name: string, mapping: JobMapping | null = null): string {
  for (const part of PARTS) {
    const found = NEEDED_INDEXES[part].find((index) => `${COLLECTION_NAMES[part]}.${index.name}` === name);
    if (found === undefined) continue;
    const { key, ...options } = found;
    const mapped = mapping === null ? undefined : MAPPED_PARTS.find((each) => each === part);
    if (mapping === null || mapped === undefined) return statementOf(COLLECTION_NAMES[part], key, options);
    const theirs = mappedCollection(mapping, mapped);
    return statementOf(theirs.name, orderToTheirs(theirs, key instanceof Map ? Object.fromEntries(key) : key), options);
  }
  throw new Error(`no index ${name} is needed`);
}

function statementOf(collection: string, key: object, options: object): string {
  // A name with a sign in it is none that mongosh would find behind a dot.
  const target = /^[a-z_]\w*$/i.test(collection)
    ? `db.${collection}`
    : `db.getCollection(${JSON.stringify(collection)})`;
  return `${target}.createIndex(${JSON.stringify(key)}, ${JSON.stringify(options)})`;
}
