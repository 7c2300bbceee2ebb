import { ServerError } from '../semantics/server-error.ts';
import { encode } from '../semantics/values.ts';
import { capOf, cappedSizeOf } from '../storage/capped.ts';
import { isView, type CollectionInfo } from '../storage/catalog.ts';
import { bytesOf } from './collection-stats.ts';
import { refuseOption } from './field-values.ts';
import { collectionName, wholeField, type Command, type CommandCall } from './command.ts';
import { temporaryName } from './temporary-names.ts';

/** What an empty capped collection of MongoDB takes on the disk, in bytes. */
const EMPTY_BYTES = 4096;

/** Makes of a collection a capped one of the same name: its newest documents in the order of insertion, and no index but that of ids. */
const convertToCapped: Command = {
  writes: true,
  run(call) {
    const size = sizeOf(call);
    const name = collectionName(call);
    const source = sourceOf(call, name);
    const copy = cappedCopy(call, source, { name: temporaryName(`convertToCapped.${name}`), size });
    call.deployment.rename(copy, { db: call.db, coll: name });
    return {};
  },
};

/** Fills a new capped collection with the newest documents of another one. */
const cloneCollectionAsCapped: Command = {
  writes: true,
  run(call) {
    const to = call.body['toCollection'];
    if (typeof to !== 'string' || to === '') throw invalidSpec();
    const size = sizeOf(call);
    const name = collectionName(call);
    refuseOption('cloneCollectionAsCapped', 'temp', call.body['temp']);
    cappedCopy(call, sourceOf(call, name), { name: to, size });
    return {};
  },
};

function sizeOf({ body }: CommandCall): number {
  const size = wholeField(body, 'size') ?? 0;
  if (size === 0) throw invalidSpec();
  return cappedSizeOf(size);
}

/** MongoDB says so without a code, which drivers take for this one. */
function invalidSpec(): ServerError {
  return new ServerError('UnknownError', 'invalid command spec');
}

/** Errors: `NamespaceNotFound`, `CommandNotSupportedOnView`. */
function sourceOf({ db, deployment }: CommandCall, name: string): CollectionInfo {
  const source = deployment.catalog.find(db, name);
  if (source === null) throw new ServerError('NamespaceNotFound', `source collection ${db}.${name} does not exist`);
  if (isView(source))
    throw new ServerError(
      'CommandNotSupportedOnView',
      `cloneCollectionAsCapped not supported for views: ${db}.${name}`,
    );
  return source;
}

/** MongoDB's `cloneCollectionAsCapped`: of what would not fit anyway a quarter is passed over beforehand. Errors: `NamespaceExists`, `NotImplemented`. */
function cappedCopy(
  call: CommandCall,
  source: CollectionInfo,
  { name, size }: { readonly name: string; readonly size: number },
): CollectionInfo {
  const { deployment } = call;
  const { db, options } = source;
  if (deployment.catalog.find(db, name) !== null)
    throw new ServerError(
      'NamespaceExists',
      `cloneCollectionAsCapped failed - destination collection ${db}.${name} already exists. source collection: ${db}.${source.name}`,
    );
  refuseOption('capped collection with', 'clusteredIndex', options['clusteredIndex']);
  const copy = deployment.ensureCollection(db, name, { ...options, capped: true, size });
  let excess = bytesOf(call, source) - 2 * Math.max(capOf(copy.options)?.bytesMax ?? size, EMPTY_BYTES);
  for (const { document } of deployment.find(db, source.name, { filter: {}, sort: { $natural: 1 } })) {
    if (excess > 0) excess -= 4 * encode(document).length;
    else deployment.insert(db, name, document, { isValidated: false });
  }
  return copy;
}

/** Commands that make capped collections of others. */
export const CAPPED_COMMANDS = { convertToCapped, cloneCollectionAsCapped };
