import { createHash } from 'node:crypto';
import { z } from 'zod';

const headerSchema = z.object({
  kind: z.string(),
  meta: z.unknown(),
  columns: z.array(z.looseObject({ crc: z.number() })),
});

/** A file of columns as it was written until 2026-11-28: no CRC of each column, and one SHA-256 over everything. */
export function asOlderColumns(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file);
  const start = 16 + Number(bytes.readBigUInt64LE(8));
  const { columns, ...header } = headerSchema.parse(JSON.parse(bytes.toString('utf8', 16, start)));
  const listed = columns.map(({ crc: _crc, ...column }) => column);
  const text = JSON.stringify({ ...header, columns: listed });
  const padded = Buffer.from(text.padEnd(Math.ceil(Buffer.byteLength(text) / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const all = Buffer.concat([Buffer.from('RLCOLS1\n', 'latin1'), length, padded, bytes.subarray(start, -32)]);
  return Buffer.concat([all, createHash('sha256').update(all).digest()]);
}
