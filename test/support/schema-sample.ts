import fc from 'fast-check';
import { z } from 'zod';

/**
 * Values that a schema may accept, made from its JSON Schema, and values that are nearly so: for feeding a boundary with what an
 * honest sender, a careless one and a hostile one would send. Not every value is valid (formats and checks are not followed).
 */
export function sampleOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  return fromJsonSchema(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), 0);
}

/** The deepest that samples are nested; a schema that refers to itself ends there. */
const DEPTH_MAX = 6;

type JsonSchema = Readonly<Record<string, unknown>>;

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

function schemasIn(value: unknown): readonly JsonSchema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

function fromJsonSchema(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (depth > DEPTH_MAX) return fc.constant(null);
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom<unknown>(...(schema['enum'] as unknown[]));
  const choices = [...schemasIn(schema['anyOf']), ...schemasIn(schema['oneOf'])];
  if (choices.length > 0) return fc.oneof(...choices.map((choice) => fromJsonSchema(choice, depth + 1)));
  switch (schema['type']) {
    case 'object':
      return objectOf(schema, depth);
    case 'array':
      return fc.array(isSchema(schema['items']) ? fromJsonSchema(schema['items'], depth + 1) : fc.jsonValue(), {
        maxLength: 3,
      });
    case 'string':
      return fc.oneof(
        fc.constantFrom('j1', 'w1', '2026-11', 'failed', crypto.randomUUID()),
        fc.string({ maxLength: 20 }),
      );
    case 'integer':
      return fc.integer({ min: 0, max: 500 });
    case 'number':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const fields = Object.entries(properties).map(
    ([name, field]) => [name, isSchema(field) ? fromJsonSchema(field, depth + 1) : fc.jsonValue()] as const,
  );
  return fc.record(Object.fromEntries(fields));
}

/** A value with something wrong in it: a field gone, exchanged, doubled, poisoned or buried. */
export function mutationOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const poison = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, maxDepth: 2 }),
    fc.constantFrom<unknown>(
      '\u0000',
      '\u202e\ud800',
      'x'.repeat(100_000),
      -1,
      Number.NaN,
      Number.MAX_SAFE_INTEGER * 4,
      '$where',
    ),
    fc.constant(JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":1},"$gt":""}')),
    fc.integer({ min: 50, max: 2000 }).map(nested),
  );
  return fc
    .tuple(value, poison, fc.nat(), fc.constantFrom('drop', 'exchange', 'add', 'whole'))
    .map(([original, bad, at, how]: readonly [unknown, unknown, number, string]): unknown => {
      if (how === 'whole' || typeof original !== 'object' || original === null) return bad;
      const names = Object.keys(original);
      const name = names[at % Math.max(1, names.length)] ?? 'extra';
      const fields: Record<string, unknown> = { ...original };
      if (how === 'drop') delete fields[name];
      else fields[how === 'add' ? 'extra' : name] = bad;
      return fields;
    });
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = { value };
  return value;
}
