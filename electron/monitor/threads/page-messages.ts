import { z } from 'zod';
import { CACHED_PARTS } from '#cache/changes.ts';
import { ERROR_CODES } from '#domain/errors.ts';

/** What a thread that writes pages is begun with. */
export const pageSettingsSchema = z.object({
  /** The file of the copy; it stands. */
  file: z.string().min(1),
});
export type PageSettings = z.infer<typeof pageSettingsSchema>;

const pageSchema = z.object({
  part: z.enum(CACHED_PARTS),
  range: z.int().nonnegative(),
  beforeId: z.string().nullable(),
  isLast: z.boolean(),
  /** The documents as the server sent them, one behind the other. */
  bytes: z.instanceof(Uint8Array),
  lastId: z.string().nullable(),
});

/** What the host tells such a thread. */
export const toPageThreadSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('write'),
    /** What time it is on the server, in milliseconds since 1970. */
    serverMs: z.number(),
    pages: z.array(pageSchema),
  }),
  z.object({ type: z.literal('close') }),
]);
export type ToPageThread = z.infer<typeof toPageThreadSchema>;

/** What it answers each order to write. */
export const fromPageThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('written'), jobIds: z.array(z.string()), rows: z.int().nonnegative() }),
  z.object({ type: z.literal('failed'), code: z.enum(ERROR_CODES), detail: z.string().nullable() }),
]);
export type FromPageThread = z.infer<typeof fromPageThreadSchema>;
