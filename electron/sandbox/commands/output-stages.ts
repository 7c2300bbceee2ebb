import { randomUUID } from 'node:crypto';
import { compile, scopeOf } from '../semantics/expressions/compile.ts';
import { keysOf, nameOf } from '../semantics/field-names.ts';
import { ServerError } from '../semantics/server-error.ts';
import { toWorking, type Doc } from '../semantics/values.ts';
import { capOf } from '../storage/capped.ts';
import { isView, type CollectionInfo } from '../storage/catalog.ts';
import { writeOptionsOf, type CommandCall } from './command.ts';
import { mergeOptionsOf, outTargetOf, type MergeOptions, type OutputTarget } from './output-options.ts';

/** Writes the documents that a pipeline gives, which are read to their end first. */
export type WriteOutput = (results: Iterable<Doc>) => void;

/**
 * What a pipeline's last stage, `$out` or `$merge`, does with the results. Checked before anything is read.
 * Errors: those of {@link mergeOptionsOf} and {@link outTargetOf}, `CommandNotSupportedOnView`, 17152, 51183 without a unique index.
 */
export function outputOf(call: CommandCall, stage: Doc): WriteOutput {
  if ('$out' in stage) {
    const target = outTargetOf(call.db, stage['$out']);
    refuseViewAt(call, target, '$out');
    refuseCapped(call, target);
    return (results) => replaceContents(call, target, results);
  }
  const options = mergeOptionsOf(call.db, stage['$merge']);
  refuseViewAt(call, options.into, '$merge');
  refuseAmbiguous(call, options);
  return (results) => mergeAll(call, options, results);
}

function refuseViewAt({ deployment }: CommandCall, { db, coll }: OutputTarget, stage: string): void {
  const target = deployment.catalog.find(db, coll);
  if (target !== null && isView(target))
    throw new ServerError('CommandNotSupportedOnView', `${stage} cannot write to the view ${db}.${coll}`);
}

/** Error: 17152. */
function refuseCapped({ deployment }: CommandCall, { db, coll }: OutputTarget): void {
  if (capOf(deployment.catalog.find(db, coll)?.options ?? {}) !== null)
    throw new ServerError('Location17152', `namespace '${db}.${coll}' is capped so it can't be used for $out`);
}

/** The fields of `on` must be those of a unique index that holds every document. */
function refuseAmbiguous({ deployment }: CommandCall, { into, on }: MergeOptions): void {
  if (on.length === 1 && on[0] === '_id') return;
  const indexes = deployment.catalog.find(into.db, into.coll)?.indexes ?? [];
  const isCovered = indexes.some(
    (index) =>
      index.isUnique &&
      index.partialFilter === null &&
      index.fields.length === on.length &&
      index.fields.every((field) => on.includes(nameOf(field.path))),
  );
  if (!isCovered) throw new ServerError('Location51183', 'Cannot find index to verify that join fields will be unique');
}

/** Into a collection of another name, which then takes the place of the target: nobody sees half of it, and streams see a rename. */
function replaceContents(call: CommandCall, { db, coll }: OutputTarget, results: Iterable<Doc>): void {
  const { deployment } = call;
  deployment.atomically(() => {
    const target = deployment.catalog.find(db, coll);
    const name = `tmp.agg_out.${randomUUID()}`;
    const options = target?.options ?? {};
    const made = deployment.ensureCollection(db, name, options, { temp: true, ...options });
    for (const { spec } of target?.indexes.slice(1) ?? []) deployment.createIndex(made, spec);
    for (const document of results) deployment.insert(db, name, document, writeOptionsOf(call));
    deployment.rename(made, { db, coll });
  });
}

function mergeAll(call: CommandCall, options: MergeOptions, results: Iterable<Doc>): void {
  const { db, coll } = options.into;
  const collection = call.deployment.ensureCollection(db, coll);
  for (const document of results) mergeOne(call, options, collection, document);
}

function mergeOne(call: CommandCall, options: MergeOptions, collection: CollectionInfo, document: Doc): void {
  const { deployment } = call;
  const { db, name: coll } = collection;
  const isKnown = options.on.length > 1 || options.on[0] !== '_id' || document['_id'] !== undefined;
  const filter = isKnown ? Object.fromEntries(options.on.map((field) => [field, keyAt(document, field)])) : {};
  const [found] = isKnown ? deployment.find(db, coll, { filter: literals(filter), limit: 1 }) : [];
  if (found !== undefined) {
    const update = updateOf(options, document);
    if (update === null) return;
    const request = {
      update,
      filter,
      arrayFilters: [],
      variables: variablesOf(options, document),
      now: call.startedAt,
    };
    deployment.update(collection, found, request, writeOptionsOf(call));
    return;
  }
  switch (options.whenNotMatched) {
    case 'insert':
      deployment.insert(db, coll, document, writeOptionsOf(call));
      return;
    case 'discard':
      return;
    case 'fail':
      throw new ServerError(
        'Location13113',
        '$merge could not find a matching document in the target collection for at least one document in the source collection',
      );
  }
}

function literals(filter: Doc): Doc {
  return Object.fromEntries(Object.entries(filter).map(([field, value]) => [field, { $eq: value }]));
}

/** Error: 51132 for a key that is missing, null or a list. */
function keyAt(document: Doc, path: string): unknown {
  let value: unknown = document;
  for (const part of keysOf(path))
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Doc)[part] : undefined;
  if (value === undefined || value === null || Array.isArray(value))
    throw new ServerError(
      'Location51132',
      "$merge write error: 'on' field cannot be missing, null, undefined or an array",
    );
  return value;
}

function variablesOf({ variables, whenNotMatched }: MergeOptions, document: Doc): Doc {
  const working = toWorking(document) as Doc;
  const scope = scopeOf(working, {});
  const own = Object.entries(variables ?? {}).map(([name, value]) => [name, compile(toWorking(value))(scope)]);
  // The document that is merged has this name also beside other variables, but only where it would be inserted.
  const isNamed = variables === null || whenNotMatched === 'insert';
  return { ...(isNamed ? { new: working } : {}), ...(Object.fromEntries(own) as Doc) };
}

function updateOf({ whenMatched }: MergeOptions, document: Doc): Doc | readonly Doc[] | null {
  switch (whenMatched) {
    case 'merge':
      return Object.keys(document).length === 0 ? null : { $set: document };
    case 'replace':
      return document;
    case 'keepExisting':
      return null;
    case 'fail':
      throw new ServerError(
        'DuplicateKey',
        "$merge with whenMatched: fail found an existing document with the same values for the 'on' fields",
      );
    default:
      return whenMatched;
  }
}
