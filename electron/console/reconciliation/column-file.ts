import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** A column as it stands in memory. */
export type Column = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

const COLUMN_TYPES = {
  Float64Array,
  Int32Array,
  Uint32Array,
  Uint16Array,
  Uint8Array,
} as const;
type ColumnTypeName = keyof typeof COLUMN_TYPES;

const MAGIC = 'RLCOLS2\n';
/** The form that was written until 2026-11-28: one SHA-256 over everything in place of a CRC-32 of each column. Closed months keep it. */
const OLDER_MAGIC = 'RLCOLS1\n';
const headerSchema = z.object({
  kind: z.string(),
  meta: z.unknown(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.enum(Object.keys(COLUMN_TYPES) as [ColumnTypeName, ...ColumnTypeName[]]),
      length: z.int().nonnegative(),
      offset: z.int().nonnegative(),
      /** Of the column's bytes with those up to the next column. */
      crc: z.int().nonnegative().optional(),
    }),
  ),
});

/** What a column file holds. Columns share the memory of the file that they were read from. */
export interface ColumnFile {
  readonly kind: string;
  readonly meta: unknown;
  readonly columns: ReadonlyMap<string, Column>;
}

/** Columns begin at multiples of this, so that they can be used where they stand. */
const ALIGNMENT = 8;

/** Bytes of the digest at the end of a file. */
const DIGEST_BYTES = 32;

/**
 * Puts columns into the bytes of a file: magic, length of the header, header as JSON, columns one after the other, SHA-256 of
 * everything before the columns. The header has a CRC-32 of each column, which is three times as fast to check and finds damage as
 * well; whoever may write the file could write any digest. In the byte order of the machine, which is little-endian wherever Node
 * runs today; the header would not parse on another.
 */
export function encodeColumns(
  kind: string,
  meta: unknown,
  columns: Readonly<Record<string, Column>>,
): readonly Uint8Array[] {
  let offset = 0;
  const pieces: Uint8Array[] = [];
  const listed = Object.entries(columns).map(([name, column]) => {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    const padding = new Uint8Array(paddedLength(bytes.length) - bytes.length);
    pieces.push(bytes, padding);
    const crc = crc32(padding, crc32(bytes));
    const entry = { name, type: typeNameOf(column), length: column.length, offset, crc };
    offset += bytes.length + padding.length;
    return entry;
  });
  const text = Buffer.from(JSON.stringify({ kind, meta, columns: listed }), 'utf8');
  const head = Buffer.alloc(16 + paddedLength(text.length), 0x20);
  head.write(MAGIC, 0, 'latin1');
  head.writeBigUInt64LE(BigInt(head.length - 16), 8);
  text.copy(head, 16);
  return [head, ...pieces, createHash('sha256').update(head).digest()];
}

function paddedLength(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/**
 * Reads what {@link encodeColumns} wrote, also in its older form.
 * @param check false leaves the columns unchecked, where the caller knows the file to be its own of a moment ago
 * Errors: `malformed_document` where it is no such file, or a damaged one.
 */
export function decodeColumns(file: Uint8Array, check: boolean): Result<ColumnFile, AppError> {
  const damaged = (why: string): Result<ColumnFile, AppError> =>
    err(appError('malformed_document', `column file: ${why}`));
  // Columns are used in place: they must begin where their type may begin.
  const bytes = file.byteOffset % ALIGNMENT === 0 ? file : new Uint8Array(file);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = buffer.toString('latin1', 0, 8);
  const isOlder = magic === OLDER_MAGIC;
  if (buffer.length < 48 || (magic !== MAGIC && !isOlder)) return damaged('not one');
  const start = 16 + Number(buffer.readBigUInt64LE(8));
  const end = buffer.length - DIGEST_BYTES;
  if (start > end) return damaged('its header is cut off');
  const digest = createHash('sha256')
    .update(buffer.subarray(0, isOlder ? end : start))
    .digest();
  if (!digest.equals(buffer.subarray(end))) return damaged('its digest does not fit');
  const header = safeParse(headerSchema, parseJson(buffer.toString('utf8', 16, start)));
  if (!header.success) return damaged('its header is none');
  const columns = new Map<string, Column>();
  let covered = start;
  for (const { name, type, length, offset, crc } of header.data.columns) {
    const constructor = COLUMN_TYPES[type];
    const from = start + offset;
    covered = from + paddedLength(length * constructor.BYTES_PER_ELEMENT);
    if (covered > end) return damaged(`column ${name} is cut off`);
    if (check && !isOlder && crc32(buffer.subarray(from, covered)) !== crc)
      return damaged(`column ${name} has changed`);
    columns.set(name, new constructor(bytes.buffer as ArrayBuffer, bytes.byteOffset + from, length));
  }
  if (covered !== end) return damaged('it is longer than its columns');
  return ok({ kind: header.data.kind, meta: header.data.meta, columns });
}

function typeNameOf(column: Column): ColumnTypeName {
  if (column instanceof Float64Array) return 'Float64Array';
  if (column instanceof Int32Array) return 'Int32Array';
  if (column instanceof Uint32Array) return 'Uint32Array';
  return column instanceof Uint16Array ? 'Uint16Array' : 'Uint8Array';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no header; the schema says so.
    return null;
  }
}
