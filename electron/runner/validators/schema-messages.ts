import { z } from 'zod';

/** What a thread of schemas is asked: whether a JSON Schema can be used and, where there is a text, whether the JSON in it is as described. */
export const schemaQuestionSchema = z.object({
  schema: z.union([z.boolean(), z.record(z.string(), z.unknown())]),
  text: z.string().nullable(),
});
export type SchemaQuestion = z.infer<typeof schemaQuestionSchema>;

/** What can be said of a schema, and of a text that was held against it. */
export const schemaVerdictSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('fits') }),
  /** Where the value is not as described, in words. */
  z.object({ type: z.literal('differs'), places: z.array(z.string()) }),
  /** The schema is none, or nobody can tell within the limits what it says of this value. */
  z.object({ type: z.literal('unusable'), reason: z.string() }),
]);
export type SchemaVerdict = z.infer<typeof schemaVerdictSchema>;

/** What a thread of schemas says: that it has begun with the question, from when its time counts, and the verdict. */
export const fromSchemaThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begun') }),
  z.object({ type: z.literal('verdict'), verdict: schemaVerdictSchema }),
]);
export type FromSchemaThread = z.infer<typeof fromSchemaThreadSchema>;
