import { z } from 'zod';
import { decode, decodeDocument } from './document-encoding.ts';

const wordsSchema = z.object({
  input: z.object({ prompt: z.string(), options: z.record(z.string(), z.unknown()) }),
  failure: z.object({ message: z.string() }).nullable(),
});

/** The texts of a job of which a list shows the beginning: what it was asked for, whole, and the message of its failure. */
export interface JobWords extends z.infer<typeof wordsSchema> {
  readonly id: string;
}

/** The texts in a stored document. Only what parsed as a job is stored as one, so what does not read as one is damage, and throws. */
export function toJobWords(id: string, document: Uint8Array): JobWords {
  return { id, ...decode(() => wordsSchema.parse(decodeDocument(document))) };
}
