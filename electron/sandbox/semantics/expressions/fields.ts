import { assign, isDoc, type Doc } from '../values.ts';
import { keyOf } from '../field-names.ts';
import { compile, isNil, type Operator } from './compile.ts';
import { refuse } from './refusal.ts';

const getField: Operator = (operand) => {
  const isNamed = isDoc(operand) && Object.hasOwn(operand, 'field');
  const name = compile(isNamed ? operand['field'] : operand);
  const input = isNamed && Object.hasOwn(operand, 'input') ? compile(operand['input']) : null;
  return (scope) => {
    const [field, value] = [name(scope), input === null ? scope.current : input(scope)];
    if (typeof field !== 'string') throw refuse(3_041_704, "$getField requires 'field' to evaluate to type String");
    if (value === null) return null;
    const key = keyOf(field);
    return isDoc(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  };
};

function setting(isUnset: boolean): Operator {
  return (operand, name) => {
    if (!isDoc(operand)) throw refuse(4_161_100, `${name} only supports an object as its argument`);
    const [field, input, value] = ['field', 'input', 'value'].map((part) => compile(operand[part]));
    return (scope) => {
      const [named, target] = [field?.(scope), input?.(scope)];
      if (typeof named !== 'string') throw refuse(4_161_107, `${name} requires 'field' to evaluate to a constant`);
      if (isNil(target)) return null;
      if (!isDoc(target)) throw refuse(4_161_105, `${name} requires 'input' to evaluate to type Object`);
      const key = keyOf(named);
      const result: Doc = { ...target };
      const given = isUnset ? undefined : value?.(scope);
      if (given === undefined || given === '$$REMOVE') delete result[key];
      else assign(result, key, given);
      return result;
    };
  };
}

/** Fields by names that no path can have. */
export const FIELDS: Readonly<Record<string, Operator>> = {
  $getField: getField,
  $setField: setting(false),
  $unsetField: setting(true),
  $rand: () => () => Math.random(),
};
