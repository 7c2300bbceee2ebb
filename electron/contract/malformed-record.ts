import { z } from 'zod';

/** A document of a list that cannot be read, by its id as text; the others of the list are shown beside it. */
export const malformedRecordSchema = z.object({ id: z.string(), problem: z.string() });
export type MalformedRecord = z.infer<typeof malformedRecordSchema>;
