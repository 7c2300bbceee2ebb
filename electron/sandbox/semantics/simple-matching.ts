import { Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import { isDoc, type Doc } from './values.ts';

/** What a simple filter may compare with. */
type Operand = string | number | boolean | Date | ObjectId;

/** Tests one value, which is no list; `null` where the general matcher has to decide. */
type Test = (value: unknown) => boolean | null;

const NUMBER_OPERATORS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  $gt: (left, right) => left > right,
  $gte: (left, right) => left >= right,
  $lt: (left, right) => left < right,
  $lte: (left, right) => left <= right,
};

/**
 * A matcher for the filters that most reads have: fields of the first level that equal a value, or numbers and dates within a
 * range. It looks at the document in exact form, so that only the fields in question are converted. What it is not sure to
 * decide as the general matcher does it leaves to that one: it answers `null`, for a filter or for a document.
 */
export function simpleMatcher(filter: Doc): ((document: Doc) => boolean | null) | null {
  const tests: (readonly [string, readonly Test[]])[] = [];
  for (const [field, condition] of Object.entries(filter)) {
    const found = field === '' || field.startsWith('$') || field.includes('.') ? null : testsOf(condition);
    if (found === null) return null;
    tests.push([field, found]);
  }
  return (document) => {
    for (const [field, all] of tests) {
      const value = Object.hasOwn(document, field) ? document[field] : undefined;
      for (const test of all) {
        const isMet = Array.isArray(value) ? anyOf(value as unknown[], test) : test(value);
        if (isMet !== true) return isMet;
      }
    }
    return true;
  };
}

function anyOf(values: readonly unknown[], test: Test): boolean | null {
  let result: boolean | null = false;
  for (const value of values) {
    const isMet = Array.isArray(value) ? null : test(value);
    if (isMet === true) return true;
    if (isMet === null) result = null;
  }
  return result;
}

function testsOf(condition: unknown): readonly Test[] | null {
  const operand = operandOf(condition);
  if (operand !== null) return [equality(operand)];
  if (!isDoc(condition)) return null;
  const operators = Object.entries(condition);
  if (operators.length === 0) return null;
  const tests = operators.map(([operator, value]) => testOf(operator, operandOf(value)));
  return tests.every((test) => test !== null) ? tests : null;
}

function testOf(operator: string, operand: Operand | null): Test | null {
  if (operand === null) return null;
  if (operator === '$eq') return equality(operand);
  const compare = Object.hasOwn(NUMBER_OPERATORS, operator) ? NUMBER_OPERATORS[operator] : undefined;
  if (compare === undefined || (typeof operand !== 'number' && !(operand instanceof Date))) return null;
  const isDate = operand instanceof Date;
  const limit = isDate ? operand.getTime() : operand;
  return (value) => {
    const plain = plainOf(value);
    if (plain === OTHER || Number.isNaN(plain)) return null;
    if (isDate) return plain instanceof Date && compare(plain.getTime(), limit);
    return typeof plain === 'number' && compare(plain, limit);
  };
}

function equality(operand: Operand): Test {
  if (operand instanceof ObjectId) {
    return (value) => (value instanceof ObjectId ? value.equals(operand) : plainOf(value) === OTHER ? null : false);
  }
  if (operand instanceof Date) {
    const time = operand.getTime();
    return (value) => (value instanceof Date ? value.getTime() === time : plainOf(value) === OTHER ? null : false);
  }
  return (value) => {
    const plain = plainOf(value);
    return plain === OTHER ? null : plain === operand;
  };
}

/** Stands for a value that the general matcher has to look at. */
const OTHER = Symbol('other');

/** A value with numbers as JavaScript's. */
function plainOf(value: unknown): unknown {
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (value instanceof Timestamp) return OTHER;
  // Beyond 2^53 two longs may have the same double.
  if (value instanceof Long) return Number.isSafeInteger(value.toNumber()) ? value.toNumber() : OTHER;
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof ObjectId) return value;
  // A document equals none of the operands, whatever it holds.
  return isDoc(value) ? undefined : OTHER;
}

function operandOf(value: unknown): Operand | null {
  const plain = plainOf(value);
  if (plain === OTHER) return null;
  if (typeof plain === 'number') return Number.isNaN(plain) ? null : plain;
  if (plain instanceof Date) return Number.isNaN(plain.getTime()) ? null : plain;
  return typeof plain === 'string' || typeof plain === 'boolean' || plain instanceof ObjectId ? plain : null;
}
