import type { ServerFacts } from './requirements.ts';
import { isDoc } from './doc.ts';
import type { UnifiedFile, UnifiedTest } from './unified-file.ts';

/** Operations that only have a sense with transactions of several documents. */
const TRANSACTIONS = new Set(['startTransaction', 'commitTransaction', 'abortTransaction', 'withTransaction']);
/** What this runner leaves out of the format, with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  loop: 'the operation loop belongs to tests that run until they are stopped',
  clientEncryption: 'client-side encryption is not installed',
  mapReduce: 'mapReduce runs programs of a client, which the sandbox refuses by decision',
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
  if (file.createEntities?.some(({ client }) => isDoc(client) && 'autoEncryptOpts' in client) === true)
    return LEFT_OUT['clientEncryption'] ?? null;
  if (isTimed(file.createEntities) || isTimed(test.operations))
    return 'client-side time limits of operations (timeoutMS) have no effect in this driver, whatever the server does';
  if (
    test.operations.some(
      ({ name, arguments: given }) => name.startsWith('upload') && given?.['contentType'] !== undefined,
    )
  )
    return 'client-side types of the content of files (contentType) are none of this driver';
  if (test.expectLogMessages !== undefined || test.expectTracingMessages !== undefined)
    return 'what the driver logs or traces says nothing of the server, and is not compared';
  if (server.isSandbox && [...operations].some((name) => TRANSACTIONS.has(name))) {
    return 'the sandbox refuses transactions of several documents by decision';
  }
  return null;
}

const TIME_LIMITS: ReadonlySet<string> = new Set(['timeoutMS', 'timeoutMode', 'defaultTimeoutMS']);

/** True where entities or operations are given a time limit by the client; one of 0 is none, and that of a wait is the runner's own. */
function isTimed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTimed);
  if (!isDoc(value) || value['name'] === 'waitForPrimaryChange') return false;
  return Object.entries(value).some(([name, one]) => (TIME_LIMITS.has(name) ? one !== 0 : isTimed(one)));
}

/** The names of operations at any depth, for threads and callbacks hold others; what the driver refuses itself needs no server. */
function* operationNames(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    for (const element of value as unknown[]) yield* operationNames(element);
  } else if (isDoc(value)) {
    const isRefused = isDoc(value['expectError']) && value['expectError']['isClientError'] === true;
    if (typeof value['name'] === 'string' && typeof value['object'] === 'string' && !isRefused) yield value['name'];
    for (const child of Object.values(value)) yield* operationNames(child);
  }
}
