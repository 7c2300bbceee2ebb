import { z } from 'zod';
import { ERROR_CODES } from '#domain/errors.ts';

/** What a reader's thread is begun with. */
export const readerSettingsSchema = z.object({
  /** The file of the copy. */
  file: z.string().min(1),
  /** One 32-bit number: while it is the number of the question under way, that question is to stop. */
  stopped: z.instanceof(SharedArrayBuffer),
});
export type ReaderSettings = z.infer<typeof readerSettingsSchema>;

/** What the host tells a reader's thread. Arguments come from the host's own typed calls; the method is looked up by its name. */
export const toReaderSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ask'), id: z.int().positive(), method: z.string(), args: z.array(z.unknown()) }),
  z.object({ type: z.literal('close') }),
]);
export type ToReader = z.infer<typeof toReaderSchema>;

/** What a reader's thread answers. Both ends are the same program, so the answer of a method is not parsed a second time. */
export const fromReaderSchema = z.object({
  id: z.int().positive(),
  answer: z.discriminatedUnion('type', [
    z.object({ type: z.literal('value'), value: z.unknown() }),
    z.object({ type: z.literal('failure'), code: z.enum(ERROR_CODES), detail: z.string().nullable() }),
  ]),
});
export type FromReader = z.infer<typeof fromReaderSchema>;
