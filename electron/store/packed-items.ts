import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { Binary } from 'mongodb';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { planItemSchema, type PlanItem } from '#domain/retry-plan/plan-item.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { parsed } from './parsed.ts';

/** How many items one document holds: some ten kilobytes. */
export const ITEMS_IN_CHUNK = 1000;
/** Ten times what a chunk of the longest reasons unpacks to; more is none of ours. */
const UNPACKED_BYTES_MAX = 16 * 1024 * 1024;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

const itemsSchema = z.array(planItemSchema).max(ITEMS_IN_CHUNK);
/** Chunks of older versions hold their items as they are. */
const chunkSchema = z.union([
  z.object({ packed: z.instanceof(Binary), packing: z.literal('deflate-json-1') }),
  z.object({ items: itemsSchema }),
]);

/** The fields of a chunk of a plan. */
export interface PackedItems {
  readonly packed: Binary;
  readonly packing: 'deflate-json-1';
}

/**
 * Items of a plan as one document keeps them: as JSON, deflated. They repeat themselves so much that a hundred thousand take less than a
 * megabyte in place of thirty, which would take longer to send and to write than to plan. Nothing but this reads them.
 */
export async function packItems(items: readonly PlanItem[]): Promise<PackedItems> {
  const bytes = await deflate(Buffer.from(JSON.stringify(items)), { level: 1 });
  return { packed: new Binary(bytes), packing: 'deflate-json-1' };
}

/** The items of a chunk that was read. Error: `malformed_document`. */
export async function unpackItems(document: unknown, subject: string): Promise<Result<readonly PlanItem[], AppError>> {
  const chunk = parsed(chunkSchema, document, subject);
  if (!chunk.ok) return chunk;
  if ('items' in chunk.value) return ok(chunk.value.items);
  try {
    const bytes = await inflate(chunk.value.packed.buffer, { maxOutputLength: UNPACKED_BYTES_MAX });
    return parsed(itemsSchema, JSON.parse(bytes.toString('utf8')), subject);
  } catch (cause) {
    return err(appError('malformed_document', `${subject}: cannot be unpacked`, cause));
  }
}
