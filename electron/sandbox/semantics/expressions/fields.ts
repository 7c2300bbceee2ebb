import { typeNameOf } from '../type-operator.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import { keyOf } from '../field-names.ts';
import { isNil, valueInAdvance, type Operator } from './compile.ts';
import { operandsOf, type Operands } from './operands.ts';
import { refuse } from './refusal.ts';

/** Of the document at hand where it is given no more than a name, and that may be an expression. */
const getField: Operator = (operand, operator) => {
  const isNamed = isDoc(operand) && Object.keys(operand)[0]?.startsWith('$') !== true;
  const input = isNamed
    ? operandsOf(operand, operator, ['field', 'input'], {
        noDocument: 3_041_704,
        unknown: 3_041_701,
        missing: { field: 3_041_702, input: 3_041_703 },
      }).input
    : undefined;
  const key = keyOf(knownName(isNamed ? operand['field'] : operand));
  return (scope) => {
    const value = input === undefined ? scope.current : input(scope);
    if (value === null) return null;
    return isDoc(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  };
};

/** The name of a field that is read, which no document may decide before MongoDB 7.2. Errors: 5654600, 5654601, 5654602. */
function knownName(field: unknown): string {
  if (typeof field === 'string' && field.startsWith('$'))
    throw refuse(5_654_600, `'${field}' is a field path reference which is not allowed in this context.`);
  const name = valueInAdvance(field);
  if (name === undefined || isDoc(name))
    throw refuse(5_654_601, "$getField requires 'field' to evaluate to a constant, but got a non-constant argument");
  if (typeof name === 'string') return name;
  throw refuse(5_654_602, `$getField requires 'field' to evaluate to type String, but got ${typeNameOf(name)}`);
}

function setting(isUnset: boolean): Operator {
  return (operand, operator) => {
    const parts: Operands<'field' | 'input'> & Partial<Operands<'value'>> = operandsOf(
      operand,
      operator,
      isUnset ? ['field', 'input'] : ['field', 'value', 'input'],
      {
        noDocument: 4_161_100,
        unknown: 4_161_101,
        missing: { field: 4_161_102, input: 4_161_109, ...(isUnset ? {} : { value: 4_161_103 }) },
      },
    );
    const key = keyOf(constantName(isDoc(operand) ? operand['field'] : undefined, operator));
    return (scope) => {
      const target = parts.input?.(scope);
      if (isNil(target)) return null;
      if (!isDoc(target)) throw refuse(4_161_105, `${operator} requires 'input' to evaluate to type Object`);
      const result: Doc = { ...target };
      const given = parts.value?.(scope);
      if (given === undefined) delete result[key];
      else assign(result, key, given);
      return result;
    };
  };
}

/** The name of a field that is written as it is, or beside `$literal`: no expression makes one. Errors: 4161106, 4161107, 4161108. */
function constantName(field: unknown, operator: string): string {
  if (typeof field === 'string' && field.startsWith('$'))
    throw refuse(4_161_108, `'${field}' is a field path reference which is not allowed in this context.`);
  const isLiteral = isDoc(field) && ['$literal', '$const'].includes(Object.keys(field)[0] ?? '');
  if ((isDoc(field) && !isLiteral) || Array.isArray(field))
    throw refuse(4_161_106, `${operator} requires 'field' to evaluate to a constant, but got a non-constant argument`);
  const name: unknown = isLiteral ? Object.values(field)[0] : field;
  if (typeof name === 'string') return name;
  throw refuse(4_161_107, `${operator} requires 'field' to evaluate to type String, but got ${typeNameOf(name)}`);
}

/** Fields by names that no path can have. */
export const FIELDS: Readonly<Record<string, Operator>> = {
  $getField: getField,
  $setField: setting(false),
  $unsetField: setting(true),
  $rand: () => () => Math.random(),
};
