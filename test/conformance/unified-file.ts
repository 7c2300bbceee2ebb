import { readFile } from 'node:fs/promises';
import { BSON, Int32, Double } from 'mongodb';
import { z } from 'zod';
import { doc, isDoc } from './doc.ts';
import { entity, logLevel } from './entity-schema.ts';
import { expectedEvents } from './event-schema.ts';

const text = z.string().optional();
const version = z.string().regex(/^\d+(\.\d+){1,2}$/, 'no version');

const requirement = z
  .strictObject({
    minServerVersion: version.optional(),
    maxServerVersion: version.optional(),
    topologies: z
      .array(z.enum(['single', 'replicaset', 'sharded', 'sharded-replicaset', 'load-balanced']))
      .min(1)
      .optional(),
    serverless: z.enum(['require', 'forbid', 'allow']).optional(),
    serverParameters: doc.refine(hasFields).optional(),
    auth: z.boolean().optional(),
    authMechanism: text,
    csfle: z.union([z.boolean(), z.strictObject({ minLibmongocryptVersion: version })]).optional(),
  })
  .refine(hasFields, 'says nothing');
const requirements = z.array(requirement).min(1).optional();

const collectionData = z.strictObject({
  databaseName: z.string(),
  collectionName: z.string(),
  createOptions: doc.refine((given) => !('writeConcern' in given), 'has a write concern of its own').optional(),
  documents: z.array(doc),
});

const labels = z.array(z.string()).min(1).optional();
const expectedError = z
  .strictObject({
    isError: z.literal(true).optional(),
    isClientError: z.boolean().optional(),
    isTimeoutError: z.boolean().optional(),
    errorContains: text,
    errorCode: z.int().optional(),
    errorCodeName: text,
    errorLabelsContain: labels,
    errorLabelsOmit: labels,
    writeErrors: doc.optional(),
    writeConcernErrors: z.array(doc).optional(),
    errorResponse: doc.optional(),
    expectResult: z.unknown().optional(),
  })
  .refine(hasFields, 'says nothing');

/** Of these at most the one that comes first may be said, and with it none of the others. */
const AGAINST = {
  expectError: ['expectResult', 'saveResultAsEntity'],
  ignoreResultAndError: ['expectResult', 'expectError', 'saveResultAsEntity'],
} as const;

/** One operation, as it stands in a file or within another. */
export const operation = z
  .strictObject({
    name: z.string(),
    object: z.string(),
    arguments: doc.optional(),
    ignoreResultAndError: z.boolean().optional(),
    expectResult: z.unknown().optional(),
    expectError: expectedError.optional(),
    saveResultAsEntity: text,
  })
  .refine(
    (given) =>
      Object.entries(AGAINST).every(([one, others]) => !(one in given) || !others.some((other) => other in given)),
    'says both what comes of it and something that goes not with that',
  );

const logMessage = z.strictObject({
  level: logLevel,
  component: z.enum(['command', 'topology', 'serverSelection', 'connection']),
  data: doc,
  failureIsRedacted: z.boolean().optional(),
});

const span = z.strictObject({
  name: z.string(),
  attributes: doc,
  get nested() {
    return z.array(span).min(1).optional();
  },
});

const test = z.strictObject({
  description: z.string(),
  runOnRequirements: requirements,
  skipReason: text,
  operations: z.array(operation),
  expectEvents: z.array(expectedEvents).min(1).optional(),
  expectLogMessages: z
    .array(
      z.strictObject({
        client: z.string(),
        messages: z.array(logMessage),
        ignoreExtraMessages: z.boolean().optional(),
        ignoreMessages: z.array(logMessage).optional(),
      }),
    )
    .min(1)
    .optional(),
  expectTracingMessages: z
    .array(
      z.strictObject({ client: z.string(), ignoreExtraSpans: z.boolean().optional(), spans: z.array(span).min(1) }),
    )
    .min(1)
    .optional(),
  outcome: z.array(collectionData).min(1).optional(),
});

const file = z.strictObject({
  description: z.string(),
  schemaVersion: version,
  runOnRequirements: requirements,
  createEntities: z.array(entity).min(1).optional(),
  initialData: z.array(collectionData).min(1).optional(),
  tests: z.array(test).min(1),
  _yamlAnchors: doc.optional(),
});

function hasFields(given: object): boolean {
  return Object.keys(given).length > 0;
}

/** A file in MongoDB's unified test format. */
export type UnifiedFile = z.infer<typeof file>;
/** One test of such a file. */
export type UnifiedTest = z.infer<typeof test>;
/** One operation of a test. */
export type Operation = z.infer<typeof operation>;
/** What a test needs of its server; one of a list must be met. */
export type Requirement = z.infer<typeof requirement>;
/** What a collection holds before or after a test. */
export type CollectionData = z.infer<typeof collectionData>;
/** What a client is to have seen. */
export type ExpectedEvents = z.infer<typeof expectedEvents>;

/** The format's major version that this runner speaks, and the newest minor one it was written for. */
const SCHEMA_MAJOR = 1;
const SCHEMA_MINOR_MAX = 28;

/**
 * Reads a test file. Rejects with a plain sentence for what is no such file, or of a version that this runner does not speak.
 * Numbers keep their BSON type; a 32-bit integer becomes a plain number, which the driver writes as just that.
 */
export async function readUnifiedFile(path: string): Promise<UnifiedFile> {
  const parsed: unknown = BSON.EJSON.parse(await readFile(path, 'utf8'), { relaxed: false });
  const result = file.safeParse(plainInts(parsed));
  if (!result.success) throw new Error(`not a unified test file: ${z.prettifyError(result.error)}`);
  const [major = 0, minor = 0] = result.data.schemaVersion.split('.').map(Number);
  if (major !== SCHEMA_MAJOR || minor > SCHEMA_MINOR_MAX) {
    throw new Error(`schema version ${result.data.schemaVersion} is not spoken`);
  }
  return result.data;
}

/** A value with plain numbers for what the driver would write as the same type. */
function plainInts(value: unknown): unknown {
  if (value instanceof Int32) return value.value;
  if (value instanceof Double) return Number.isInteger(value.value) ? value : value.value;
  if (Array.isArray(value)) return value.map(plainInts);
  if (!isDoc(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainInts(child)]));
}
