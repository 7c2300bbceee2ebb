import { createHash } from 'node:crypto';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

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

const MAGIC = 'RLCOLS1\n';
const headerSchema = z.object({
  kind: z.string(),
  meta: z.unknown(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.enum(Object.keys(COLUMN_TYPES) as [ColumnTypeName, ...ColumnTypeName[]]),
      length: z.int().nonnegative(),
      offset: z.int().nonnegative(),
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

/**
 * Puts columns into the bytes of a file: magic, length of the header, header as JSON, columns one after the other, SHA-256 of
 * everything before. In the byte order of the machine, which is little-endian wherever Node runs today; the header would not
 * parse on another.
 */
export function encodeColumns(
  kind: string,
  meta: unknown,
  columns: Readonly<Record<string, Column>>,
): readonly Uint8Array[] {
  let offset = 0;
  const listed = Object.entries(columns).map(([name, column]) => {
    const entry = { name, type: typeNameOf(column), length: column.length, offset };
    offset += Math.ceil(column.byteLength / ALIGNMENT) * ALIGNMENT;
    return entry;
  });
  const text = Buffer.from(JSON.stringify({ kind, meta, columns: listed }), 'utf8');
  const padded = Buffer.alloc(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT, 0x20);
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const pieces: Uint8Array[] = [Buffer.from(MAGIC, 'latin1'), length, padded];
  for (const column of Object.values(columns)) {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    pieces.push(bytes, new Uint8Array((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT));
  }
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return [...pieces, hash.digest()];
}

/**
 * Reads what {@link encodeColumns} wrote.
 * @param check false leaves the digest unchecked, where the caller knows the file to be its own of a moment ago
 * Errors: `malformed_document` where it is no such file, or a damaged one.
 */
export function decodeColumns(file: Uint8Array, check: boolean): Result<ColumnFile, AppError> {
  const damaged = (why: string): Result<ColumnFile, AppError> =>
    err(appError('malformed_document', `column file: ${why}`));
  // Columns are used in place: they must begin where their type may begin.
  const bytes = file.byteOffset % ALIGNMENT === 0 ? file : new Uint8Array(file);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 48 || buffer.toString('latin1', 0, 8) !== MAGIC) return damaged('not one');
  if (check) {
    const digest = createHash('sha256').update(buffer.subarray(0, -32)).digest();
    if (!digest.equals(buffer.subarray(-32))) return damaged('its digest does not fit');
  }
  const start = 16 + Number(buffer.readBigUInt64LE(8));
  if (start > buffer.length - 32) return damaged('its header is cut off');
  const header = headerSchema.safeParse(parseJson(buffer.toString('utf8', 16, start)));
  if (!header.success) return damaged('its header is none');
  const columns = new Map<string, Column>();
  for (const { name, type, length, offset } of header.data.columns) {
    const constructor = COLUMN_TYPES[type];
    const end = start + offset + length * constructor.BYTES_PER_ELEMENT;
    if (end > buffer.length - 32) return damaged(`column ${name} is cut off`);
    columns.set(name, new constructor(bytes.buffer as ArrayBuffer, bytes.byteOffset + start + offset, length));
  }
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
