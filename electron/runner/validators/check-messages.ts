import { z } from 'zod';

const schemaSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);
const optionsSchema = z.record(z.string(), z.unknown());

/** The part of a job's options that is a JSON Schema of the customer's. */
export const carriedSchema = z.object({ schema: schemaSchema.optional() });
export type CustomerSchema = z.infer<typeof schemaSchema>;

/** Whether a JSON Schema can be used and, where there is a text, whether the JSON in it is as described. */
const schemaQuestionSchema = z.object({
  type: z.literal('schema'),
  schema: schemaSchema,
  text: z.string().nullable(),
});
export type SchemaQuestion = z.infer<typeof schemaQuestionSchema>;

const fileQuestionSchema = z.object({ type: z.enum(['website', 'video']), file: z.string(), options: optionsSchema });
/** What the checks of a web page or a film in a file say. */
export type FileQuestion = z.infer<typeof fileQuestionSchema>;

/** What a thread of checks is asked: of a schema, or of a file. */
export const checkQuestionSchema = z.discriminatedUnion('type', [schemaQuestionSchema, fileQuestionSchema]);
export type CheckQuestion = z.infer<typeof checkQuestionSchema>;

/** What can be said of a schema, and of a text that was held against it. */
export const schemaVerdictSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('fits') }),
  /** Where the value is not as described, in words. */
  z.object({ type: z.literal('differs'), places: z.array(z.string()) }),
  z.object({ type: z.literal('unusable'), reason: z.string() }),
]);
export type SchemaVerdict = z.infer<typeof schemaVerdictSchema>;

/** What a thread of checks says: that it has begun with the question, from when its time counts, and the answer. */
export const fromCheckThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begun') }),
  z.object({ type: z.literal('answer'), answer: z.unknown() }),
]);
export type FromCheckThread = z.infer<typeof fromCheckThreadSchema>;
