import { createContext, Script } from 'node:vm';
import { Ajv, type AnySchema, type ErrorObject, type Options, type SchemaObject } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';

/** Compiling a schema, and holding a value against it, may take this long, in milliseconds, each. */
const SCHEMA_MS_MAX = 2000;
const ERRORS_MAX = 10;

const OPTIONS: Options = {
  // What a schema says beyond the standard is its author's business.
  strict: false,
  allErrors: true,
  logger: false,
};
const carriedSchema = z.object({
  schema: z
    .union([z.boolean(), z.custom<SchemaObject>((value) => typeof value === 'object' && value !== null)])
    .optional(),
});

/** The schema that a job's options carry; undefined where they carry none. */
export function schemaOf(options: Readonly<Record<string, unknown>>): AnySchema | undefined {
  const carried = carriedSchema.safeParse(options);
  return carried.success ? carried.data.schema : undefined;
}

/** Why the schema that a job's options carry cannot be used; null where it can, or there is none. */
export function schemaProblem(options: Readonly<Record<string, unknown>>): string | null {
  const schema = schemaOf(options);
  if (schema === undefined) return null;
  try {
    inTime(() => compile(schema));
    return null;
  } catch (cause) {
    return `The JSON Schema of the options cannot be used: ${messageOf(cause)}`.slice(0, 500);
  }
}

/** Where a value is not what a schema describes, at most ten places; empty where it is. Throws for a schema that cannot be used. */
export function schemaErrors(schema: AnySchema, value: unknown): readonly string[] {
  const validate = inTime(() => compile(schema));
  try {
    if (inTime(() => validate(value))) return [];
  } catch (cause) {
    // A pattern that takes for ever is ended like an endless loop; nobody knows what it would have said.
    return [`The schema could not be checked: ${messageOf(cause)}`];
  }
  return (validate.errors ?? []).slice(0, ERRORS_MAX).map(describe);
}

function describe({ instancePath, message }: ErrorObject): string {
  return `${instancePath === '' ? '(the whole)' : instancePath} ${message ?? 'is not as described'}`;
}

function compile(schema: AnySchema) {
  const dialect = typeof schema === 'object' ? String(schema['$schema'] ?? '') : '';
  const ajv = dialect.includes('2020-12')
    ? new Ajv2020(OPTIONS)
    : dialect.includes('2019-09')
      ? new Ajv2019(OPTIONS)
      : new Ajv(OPTIONS);
  addFormats(ajv);
  const validate = ajv.compile(schema);
  // It would answer with a promise, which holds everything for right and, rejected behind everybody's back, ends the process.
  if ('$async' in validate) throw new Error('$async is no word of JSON Schema');
  return validate;
}

/** Schemas are the customer's, and a pattern in one can take longer than the universe: only `vm` ends what does not return. */
function inTime<Value>(work: () => Value): Value {
  const outcome: { value?: Value } = {};
  const context = createContext({ run: () => void (outcome.value = work()) });
  new Script('run()').runInContext(context, { timeout: SCHEMA_MS_MAX });
  return outcome.value as Value;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
