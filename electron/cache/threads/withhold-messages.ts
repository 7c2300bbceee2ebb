import { z } from 'zod';
import { ERROR_CODES } from '#domain/errors.ts';

/** What the thread that takes prompts out of a copy says. */
export const fromWithholdingSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), jobs: z.int().nonnegative() }),
  z.object({ type: z.literal('done') }),
  z.object({ type: z.literal('failed'), code: z.enum(ERROR_CODES), detail: z.string().nullable() }),
]);
export type FromWithholding = z.infer<typeof fromWithholdingSchema>;
