import { Binary, BSON, BSONRegExp, BSONSymbol, ObjectId, Timestamp } from 'mongodb';
import { comparableNumber, hasBsonType } from './bson-types.ts';
import type { MatchContext } from './match-context.ts';
import { isDoc, type Doc } from './doc.ts';

/**
 * Compares as the format's "Evaluating Matches" says: numbers by value whatever their type, documents without regard to the
 * order of fields, extra fields allowed only in root documents, and the special operators.
 * @param expected what the test file says
 * @param actual what the driver gave; `undefined` for what is not there
 * @param isRoot false for what stands inside a document
 * @returns null where it matches, otherwise where and how it does not
 */
export function describeMismatch(
  expected: unknown,
  actual: unknown,
  context: MatchContext,
  isRoot = true,
): string | null {
  return mismatch(expected, actual, { context, isRoot, path: '' });
}

interface Place {
  readonly context: MatchContext;
  readonly isRoot: boolean;
  readonly path: string;
}

function mismatch(expected: unknown, actual: unknown, place: Place): string | null {
  if (isDoc(expected)) {
    const operator = specialOperator(expected);
    return operator === null
      ? documentMismatch(expected, actual, place)
      : operatorMismatch(operator.name, operator.operand, actual, place);
  }
  if (Array.isArray(expected)) return listMismatch(expected, actual, place);
  return isSameScalar(expected, actual) ? null : differs(expected, actual, place);
}

function specialOperator(expected: Doc): { readonly name: string; readonly operand: unknown } | null {
  const keys = Object.keys(expected);
  const [name] = keys;
  if (keys.length !== 1 || name === undefined || !name.startsWith('$$')) return null;
  return { name, operand: expected[name] };
}

function documentMismatch(expected: Doc, actual: unknown, place: Place): string | null {
  const fields = fieldsOf(actual);
  if (fields === null) return differs(expected, actual, place);
  for (const [key, value] of Object.entries(expected)) {
    const inner = { ...place, isRoot: false, path: place.path === '' ? key : `${place.path}.${key}` };
    const given = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const operator = isDoc(value) ? specialOperator(value) : null;
    if (operator === null && !Object.hasOwn(fields, key)) return `${inner.path}: is not there`;
    const found = mismatch(value, given, inner);
    if (found !== null) return found;
  }
  if (place.isRoot) return null;
  const extra = Object.keys(fields).find((key) => fields[key] !== undefined && !Object.hasOwn(expected, key));
  return extra === undefined ? null : `${place.path}: has the unexpected field '${extra}' in ${show(actual)}`;
}

/** The fields of what can be compared with a document: also results and events, which are objects of the driver's classes. */
function fieldsOf(actual: unknown): Doc | null {
  if (isDoc(actual)) return actual;
  if (actual instanceof Map)
    return Object.fromEntries([...actual].map(([key, value]) => [String(key), value as unknown]));
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return null;
  if ('_bsontype' in actual || actual instanceof Date || actual instanceof Uint8Array) return null;
  return accessibleFields(actual);
}

function accessibleFields(actual: object): Doc {
  const fields: Doc = { ...actual };
  const prototype: unknown = Object.getPrototypeOf(actual);
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (property.get !== undefined) fields[key] = Reflect.get(actual, key);
  }
  return fields;
}

function listMismatch(expected: readonly unknown[], actual: unknown, place: Place): string | null {
  if (!Array.isArray(actual)) return differs(expected, actual, place);
  if (actual.length !== expected.length) {
    return `${place.path}: has ${actual.length} elements, ${expected.length} expected: ${show(actual)}`;
  }
  for (const [at, value] of expected.entries()) {
    // Documents of a root list are root documents themselves.
    const found = mismatch(value, actual[at], { ...place, path: `${place.path}[${at}]` });
    if (found !== null) return found;
  }
  return null;
}

function operatorMismatch(name: string, operand: unknown, actual: unknown, place: Place): string | null {
  const { context } = place;
  switch (name) {
    case '$$exists':
      if ((actual !== undefined) === operand) return null;
      return `${place.path}: ${operand === true ? 'is not there' : `must not be there, but is ${show(actual)}`}`;
    case '$$type':
      return [operand].flat().some((type) => actual !== undefined && hasBsonType(actual, String(type)))
        ? null
        : `${place.path}: ${show(actual)} is no ${[operand].flat().join(' or ')}`;
    case '$$matchesEntity':
      return mismatch(context.entity(String(operand)), actual, place);
    case '$$matchesHexBytes':
      return hexOf(actual) === String(operand).toLowerCase() ? null : differs(operand, actual, place);
    case '$$unsetOrMatches':
      return actual === undefined || (actual === null && place.path === '') ? null : mismatch(operand, actual, place);
    case '$$sessionLsid':
      return mismatch(context.sessionLsid(String(operand)), actual, place);
    case '$$lte': {
      const [limit, given] = [comparableNumber(operand), comparableNumber(actual)];
      return limit !== null && given !== null && given <= limit
        ? null
        : differs(`at most ${show(operand)}`, actual, place);
    }
    case '$$matchAsRoot':
      return mismatch(operand, actual, { ...place, isRoot: true });
    case '$$matchAsDocument':
      if (typeof actual !== 'string') return differs(operand, actual, place);
      return mismatch(operand, BSON.EJSON.parse(actual, { relaxed: true }), { ...place, isRoot: false });
    default:
      throw new Error(`the special operator ${name} is not known`);
  }
}

function isSameScalar(expected: unknown, actual: unknown): boolean {
  if (expected === null) return actual === null || actual === undefined;
  const [left, right] = [comparableNumber(expected), comparableNumber(actual)];
  if (left !== null || right !== null) {
    return left !== null && right !== null && isSameNumber(left, right);
  }
  if (expected instanceof ObjectId) return expected.equals(actual instanceof ObjectId ? actual : null);
  if (expected instanceof Timestamp) return actual instanceof Timestamp && expected.equals(actual);
  if (expected instanceof Date) return actual instanceof Date && actual.getTime() === expected.getTime();
  if (expected instanceof Binary) return hexOf(actual) === hexOf(expected);
  // The driver gives symbols as texts, and expressions as its language has them.
  if (expected instanceof BSONSymbol && typeof actual === 'string') return expected.value === actual;
  if (expected instanceof BSONRegExp && actual instanceof RegExp)
    return expected.pattern === actual.source && expected.options === actual.flags;
  if (typeof expected === 'object') return show(expected) === show(actual);
  return expected === actual;
}

/** A number and a bigint of the same value are the same. */
function isSameNumber(left: number | bigint, right: number | bigint): boolean {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) && Number.isNaN(right);
  return !(left < right) && !(left > right);
}

function hexOf(value: unknown): string | null {
  if (value instanceof Binary) return Buffer.from(value.value()).toString('hex');
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : null;
}

function differs(expected: unknown, actual: unknown, place: Place): string {
  const where = place.path === '' ? '' : `${place.path}: `;
  return `${where}expected ${show(expected)}, got ${show(actual)}`;
}

/** A value as short text for a report. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const plain = fieldsOf(value) ?? value;
  try {
    const text = BSON.EJSON.stringify(plain, { relaxed: false });
    return text.length > 600 ? `${text.slice(0, 600)}…` : text;
  } catch {
    // What has no form in JSON, a class of the driver with a circle in it for instance, is named by its class.
    return Object.prototype.toString.call(value);
  }
}
