import { readFile } from 'node:fs/promises';
import { BSON, Int32, Double } from 'mongodb';
import { z } from 'zod';

/** A document of a test file or of the driver. */
export type Doc = Record<string, unknown>;

/** True for a document in the plain sense: neither a list nor a BSON class nor a class of the driver. */
export function isDoc(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const doc = z.custom<Doc>(isDoc, 'expected a document');

const requirement = z.object({
  minServerVersion: z.string().optional(),
  maxServerVersion: z.string().optional(),
  topologies: z.array(z.string()).optional(),
  serverless: z.string().optional(),
  serverParameters: doc.optional(),
  auth: z.boolean().optional(),
  authMechanism: z.string().optional(),
  csfle: z.union([z.boolean(), doc]).optional(),
});

const collectionData = z.object({
  databaseName: z.string(),
  collectionName: z.string(),
  createOptions: doc.optional(),
  documents: z.array(doc),
});

const operation = z.strictObject({
  name: z.string(),
  object: z.string(),
  arguments: doc.optional(),
  ignoreResultAndError: z.boolean().optional(),
  expectResult: z.unknown().optional(),
  expectError: doc.optional(),
  saveResultAsEntity: z.string().optional(),
});

const expectedEvents = z.strictObject({
  client: z.string(),
  eventType: z.enum(['command', 'cmap', 'sdam', 'all']).optional(),
  events: z.array(doc),
  ignoreExtraEvents: z.boolean().optional(),
});

const test = z.object({
  description: z.string(),
  runOnRequirements: z.array(requirement).optional(),
  skipReason: z.string().optional(),
  operations: z.array(operation),
  expectEvents: z.array(expectedEvents).optional(),
  expectLogMessages: z.array(doc).optional(),
  expectTracingMessages: z.unknown().optional(),
  outcome: z.array(collectionData).optional(),
});

const file = z.object({
  description: z.string(),
  schemaVersion: z.string(),
  runOnRequirements: z.array(requirement).optional(),
  createEntities: z.array(doc).optional(),
  initialData: z.array(collectionData).optional(),
  tests: z.array(test),
});

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
const SCHEMA_MINOR_MAX = 26;

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
