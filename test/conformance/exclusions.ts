import type { ServerFacts } from './requirements.ts';
import { isDoc, type Operation, type UnifiedFile, type UnifiedTest } from './unified-file.ts';

/** Operations that only have a sense with transactions of several documents. */
const TRANSACTIONS = new Set(['startTransaction', 'commitTransaction', 'abortTransaction', 'withTransaction']);
/** What this runner leaves out of the format, with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  loop: 'the operation loop belongs to tests that run until they are stopped',
  clientEncryption: 'client-side encryption is not installed',
  mapReduce: 'this driver has no mapReduce',
};

/**
 * What a test needs that the project's own server does not have by decision, or that the runner leaves out.
 * @returns null where it is to be run
 */
export function exclusionOf(file: UnifiedFile, test: UnifiedTest, server: ServerFacts): string | null {
  const operations = new Set(operationNames(test.operations));
  for (const [name, reason] of Object.entries(LEFT_OUT)) {
    if (operations.has(name)) return reason;
    if (file.createEntities?.some((entity) => name in entity) === true) return reason;
  }
  if (test.expectLogMessages !== undefined || test.expectTracingMessages !== undefined)
    return 'what the driver logs or traces says nothing of the server, and is not compared';
  if (test.operations.some(hidesBypass)) return 'the driver does not send bypassDocumentValidation: false here';
  if (server.isSandbox && [...operations].some((name) => TRANSACTIONS.has(name))) {
    return 'the sandbox refuses transactions of several documents by decision';
  }
  return null;
}

/** Operations in which the driver leaves out `bypassDocumentValidation: false`, which is the server's default anyway. */
const HIDES_BYPASS = new Set(['aggregate', 'bulkWrite', 'findOneAndReplace', 'findOneAndUpdate', 'insertMany']);

function hidesBypass(operation: Operation): boolean {
  return HIDES_BYPASS.has(operation.name) && operation.arguments?.['bypassDocumentValidation'] === false;
}

/** The names of operations at any depth: threads and callbacks hold others. */
function* operationNames(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    for (const element of value as unknown[]) yield* operationNames(element);
  } else if (isDoc(value)) {
    if (typeof value['name'] === 'string' && typeof value['object'] === 'string') yield value['name'];
    for (const child of Object.values(value)) yield* operationNames(child);
  }
}
