import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { writeOptionsOf, type CommandCall } from './command.ts';

/** Writes what a pipeline gave to where its last stage, `$out` or `$merge`, says. */
export function writeOutput(call: CommandCall, stage: Doc, results: readonly Doc[]): void {
  if ('$out' in stage) writeOut(call, stage['$out'], results);
  else writeMerge(call, stage['$merge'], results);
}

function targetOf(call: CommandCall, target: unknown): { readonly db: string; readonly coll: string } {
  if (typeof target === 'string') return { db: call.db, coll: target };
  if (isDoc(target) && typeof target['coll'] === 'string')
    return { db: typeof target['db'] === 'string' ? target['db'] : call.db, coll: target['coll'] };
  throw new ServerError('FailedToParse', 'the output collection must be a string or a document with db and coll');
}

function writeOut(call: CommandCall, given: unknown, results: readonly Doc[]): void {
  const { db, coll } = targetOf(call, given);
  const { deployment } = call;
  deployment.atomically(() => {
    const collection = deployment.ensureCollection(db, coll);
    const replaced = Array.from(deployment.find(db, coll, { filter: {} }));
    for (const found of replaced) deployment.remove(collection, found);
    for (const document of results) deployment.insert(db, coll, document, writeOptionsOf(call));
  });
}

function writeMerge(call: CommandCall, given: unknown, results: readonly Doc[]): void {
  const options: Doc = isDoc(given) && 'into' in given ? given : { into: given };
  const { db, coll } = targetOf(call, options['into']);
  const on = options['on'] === undefined ? ['_id'] : [options['on']].flat().map(String);
  const { deployment } = call;
  const collection = deployment.ensureCollection(db, coll);
  for (const document of results) {
    const filter = Object.fromEntries(on.map((field) => [field, document[field] ?? null]));
    const [found] = deployment.find(db, coll, { filter, limit: 1 });
    if (found === undefined) {
      const whenNotMatched = options['whenNotMatched'] ?? 'insert';
      if (whenNotMatched === 'insert') deployment.insert(db, coll, document, writeOptionsOf(call));
      else if (whenNotMatched === 'fail')
        throw new ServerError(
          'BadValue',
          '$merge could not find a matching document in the target collection for at least one document in the source collection',
        );
      continue;
    }
    const update = mergeUpdate(options['whenMatched'] ?? 'merge', document);
    if (update !== null) {
      const request = { update, filter, arrayFilters: [], variables: { new: document } };
      deployment.update(collection, found, request, writeOptionsOf(call));
    }
  }
}

function mergeUpdate(whenMatched: unknown, document: Doc): Doc | readonly Doc[] | null {
  const { _id: _unchanged, ...fields } = document;
  if (Array.isArray(whenMatched)) return whenMatched as readonly Doc[];
  switch (whenMatched) {
    case 'merge':
      return { $set: fields };
    case 'replace':
      return fields;
    case 'keepExisting':
      return null;
    case 'fail':
      throw new ServerError(
        'DuplicateKey',
        "$merge with whenMatched: fail found an existing document with the same values for the 'on' fields",
      );
    default:
      throw new ServerError(
        'BadValue',
        `Enumeration value '${String(whenMatched)}' for field 'whenMatched' is not a valid value.`,
      );
  }
}
