import { Binary, BSONRegExp, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { isDoc, type Doc } from '../semantics/values.ts';

/** What came beside the command as a sequence of documents stands in no message, and neither does a password. */
const LEFT_OUT = new Set(['documents', 'updates', 'deletes']);
const SECRET = new Set(['pwd', 'payload']);
const TEXT_MAX = 10_000;

/** A command as MongoDB writes it into the message of a refusal. */
export function commandText(body: Doc): string {
  const shown = Object.entries(body)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]) => [key, SECRET.has(key) ? 'xxx' : value] as const);
  const text = textOf(Object.fromEntries(shown));
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Int32) return String(value.value);
  if (value instanceof Double) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  if (value instanceof Timestamp) return `Timestamp(${value.t}, ${value.i})`;
  if (value instanceof Long) return value.toString();
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`;
  if (value instanceof Binary) return binaryText(value);
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (value instanceof BSONRegExp) return `/${value.pattern}/${value.options}`;
  if (value instanceof MinKey) return 'MinKey';
  if (value instanceof MaxKey) return 'MaxKey';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${(value as unknown[]).map(textOf).join(', ')} ]`;
  if (!isDoc(value)) return String(value);
  const fields = Object.entries(value).map(([key, child]) => `${key}: ${textOf(child)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

function binaryText(value: Binary): string {
  if (value.sub_type === Binary.SUBTYPE_UUID) return `UUID("${value.toUUID().toHexString()}")`;
  return `BinData(${value.sub_type}, ${value.toString('hex').toUpperCase()})`;
}
