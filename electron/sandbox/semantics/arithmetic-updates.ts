import { Double, Int32, Long } from 'bson';
import { ServerError } from './server-error.ts';
import { isDoc, numberOf, type Doc } from './values.ts';

const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

type Kind = 'int' | 'long' | 'double';

/**
 * `$inc` and `$mul` on a document in working form, in place, with MongoDB's types: two ints give an int, or a long where it
 * does not fit; a long gives a long; a double gives a double. Plain field paths only.
 */
export function applyArithmetic(document: Doc, operator: '$inc' | '$mul', fields: Doc): void {
  for (const [path, operand] of Object.entries(fields)) {
    if (numberOf(operand) === null) {
      const verb = operator === '$inc' ? 'increment' : 'multiply';
      throw new ServerError(
        'TypeMismatch',
        `Cannot ${verb} with non-numeric argument: {${path}: ${JSON.stringify(operand)}}`,
      );
    }
    const { parent, name } = parentAt(document, path);
    const current = parent[name];
    const base = current === undefined ? (operator === '$inc' ? null : zeroLike(operand)) : current;
    if (base !== null && numberOf(base) === null) {
      throw new ServerError(
        'TypeMismatch',
        `Cannot apply ${operator} to a value of non-numeric type. {_id: ${String(document['_id'])}} has the field '${name}' of non-numeric type`,
      );
    }
    parent[name] = base === null ? operand : combine(operator, base, operand);
  }
}

function zeroLike(operand: unknown): unknown {
  const kind = kindOf(operand);
  return kind === 'int' ? 0 : kind === 'long' ? Long.ZERO : new Double(0);
}

function combine(operator: '$inc' | '$mul', left: unknown, right: unknown): unknown {
  const kinds = [kindOf(left), kindOf(right)];
  if (kinds.includes('double')) {
    const [a, b] = [numberOf(left) ?? 0, numberOf(right) ?? 0];
    return asDouble(operator === '$inc' ? a + b : a * b);
  }
  const [a, b] = [bigOf(left), bigOf(right)];
  const exact = operator === '$inc' ? a + b : a * b;
  if (BigInt.asIntN(64, exact) !== exact)
    throw new ServerError('BadValue', `Failed to apply ${operator} operations to current value: integer overflow`);
  const fits = exact >= BigInt(INT32_MIN) && exact <= BigInt(INT32_MAX);
  return kinds.includes('long') || !fits ? Long.fromBigInt(exact) : Number(exact);
}

function kindOf(value: unknown): Kind {
  if (value instanceof Long) return 'long';
  if (value instanceof Int32) return 'int';
  if (typeof value === 'number' && Number.isInteger(value) && value <= INT32_MAX && value >= INT32_MIN) return 'int';
  return 'double';
}

function bigOf(value: unknown): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(Math.trunc(numberOf(value) ?? 0));
}

/** A double that would be written as an int keeps its class. */
function asDouble(value: number): unknown {
  return Number.isInteger(value) && value <= INT32_MAX && value >= INT32_MIN ? new Double(value) : value;
}

function parentAt(document: Doc, path: string): { readonly parent: Doc; readonly name: string } {
  const parts = path.split('.');
  const name = parts.pop() ?? '';
  let parent: Doc = document;
  for (const part of parts) {
    const next = Object.hasOwn(parent, part) ? parent[part] : undefined;
    if (next === undefined) parent[part] = {};
    else if (!isDoc(next) && !Array.isArray(next)) {
      throw new ServerError(
        'PathNotViable',
        `Cannot create field '${name}' in element {${part}: ${JSON.stringify(next)}}`,
      );
    }
    parent = parent[part] as Doc;
  }
  return { parent, name };
}
