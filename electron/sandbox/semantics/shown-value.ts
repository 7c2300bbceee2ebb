import { Binary, BSONRegExp, Code, Decimal128, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { numberKind, toDouble } from './numbers.ts';
import { isDoc } from './values.ts';

/** A text longer than this is shown by its beginning. */
const TEXT_MAX = 160;
const TEXT_SHOWN = 150;

/** A value as refusals show it: as MongoDB's own messages do, which is how its shell writes it. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return value.length > TEXT_MAX ? `"${value.slice(0, TEXT_SHOWN)}..."` : `"${value}"`;
  if (numberKind(value) !== null) return shownNumber(value);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(shownValue).join(', ')} ]`;
  if (isDoc(value)) {
    const fields = Object.entries(value).map(([name, one]) => `${name}: ${shownValue(one)}`);
    return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
  }
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  return shownScalar(value);
}

function shownScalar(value: unknown): string {
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`;
  if (value instanceof Timestamp) return `Timestamp(${value.getHighBitsUnsigned()}, ${value.getLowBitsUnsigned()})`;
  if (value instanceof Binary) return shownBinary(value);
  if (value instanceof Uint8Array) return shownBinary(new Binary(value));
  if (value instanceof BSONRegExp) return `/${value.pattern}/${value.options}`;
  if (value instanceof MinKey) return 'MinKey';
  if (value instanceof MaxKey) return 'MaxKey';
  return value instanceof Code ? value.code : String(value);
}

function shownBinary(value: Binary): string {
  if (value.sub_type === Binary.SUBTYPE_UUID && value.length() === 16) return `UUID("${value.toUUID().toHexString()}")`;
  return `BinData(${value.sub_type}, ${Buffer.from(value.value()).toString('hex').toUpperCase()})`;
}

/** A double is told by its point. */
function shownNumber(value: unknown): string {
  if (numberKind(value) !== 'double') return value instanceof Decimal128 ? value.toString() : String(value);
  const double = toDouble(value);
  if (!Number.isFinite(double)) return Number.isNaN(double) ? 'nan' : double > 0 ? 'inf' : '-inf';
  if (Object.is(double, -0)) return '-0.0';
  const digits = double.toPrecision(16);
  const text = digits.includes('.') ? digits.replace(/\.?0+(?=e|$)/, '') : digits;
  return /[.e]/.test(text) ? text : `${text}.0`;
}
