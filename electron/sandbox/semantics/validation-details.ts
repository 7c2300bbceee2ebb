import { compile, scopeOf } from './expressions/compile.ts';
import { isOperators, isTrue } from './field-conditions.ts';
import { keysOf, placeOf } from './field-names.ts';
import { matcherOf } from './matching.ts';
import { annotationsOf, isOfNoDocument, schemaDetails } from './schema-details.ts';
import { patternOf } from './regular-expressions.ts';
import { toServerError } from './server-error.ts';
import { typeNameOf } from './type-operator.ts';
import { isDoc, toWorking, workingDoc, type Doc } from './values.ts';

/**
 * Why a document does not match a validator, in MongoDB's form (`doc_validation_error.cpp`): the operator that failed with what it was
 * told and the values that it looked at, and of several conditions those that failed.
 */
export function validationDetails(validator: Doc, document: Doc): Doc {
  return conditionOf(validator).tell(document, false);
}

/** One condition of a filter. */
interface Condition {
  readonly matches: (document: Doc) => boolean;
  /** @param isInverted whether it is told why the condition holds, because something above says that it must not */
  readonly tell: (document: Doc, isInverted: boolean) => Doc;
}

/** Of the values at a path MongoDB tells so many. */
const VALUES_MAX = 10;

function conditionOf(filter: Doc): Condition {
  return together(conditionsOf(filter));
}

function together(conditions: readonly Condition[]): Condition {
  const [only] = conditions;
  return only !== undefined && conditions.length === 1 ? only : all(conditions);
}

function conditionsOf(filter: Doc): readonly Condition[] {
  return Object.entries(filter).flatMap(([key, value]): readonly Condition[] => {
    switch (key) {
      case '$comment':
        return [];
      case '$and':
        return [all(branchesOf(value))];
      case '$or':
        return [any(branchesOf(value))];
      case '$nor':
        return [none(branchesOf(value))];
      case '$expr':
        return [expression(value)];
      case '$jsonSchema':
        return [schema(isDoc(value) ? value : {})];
      case '$alwaysTrue':
      case '$alwaysFalse':
        return [constant(key, value)];
      default:
        return fieldConditions(key, value);
    }
  });
}

function branchesOf(value: unknown): readonly Condition[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).filter(isDoc).map(conditionOf);
}

function clauses(
  conditions: readonly Condition[],
  document: Doc,
  isInverted: boolean,
  isTold: boolean[],
): readonly Doc[] {
  return conditions.flatMap((condition, index) =>
    isTold[index] === true ? [{ index, details: condition.tell(document, isInverted) }] : [],
  );
}

function all(conditions: readonly Condition[]): Condition {
  return {
    matches: (document) => conditions.every((one) => one.matches(document)),
    tell(document, isInverted) {
      const told = conditions.map((one) => isInverted || !one.matches(document));
      const details = clauses(conditions, document, isInverted, told);
      return { operatorName: '$and', [isInverted ? 'clausesSatisfied' : 'clausesNotSatisfied']: details };
    },
  };
}

function any(conditions: readonly Condition[]): Condition {
  return {
    matches: (document) => conditions.some((one) => one.matches(document)),
    tell(document, isInverted) {
      const told = conditions.map((one) => !isInverted || one.matches(document));
      const details = clauses(conditions, document, isInverted, told);
      return { operatorName: '$or', [isInverted ? 'clausesSatisfied' : 'clausesNotSatisfied']: details };
    },
  };
}

function none(conditions: readonly Condition[]): Condition {
  return {
    matches: (document) => !conditions.some((one) => one.matches(document)),
    tell(document, isInverted) {
      const told = conditions.map((one) => isInverted || one.matches(document));
      const details = clauses(conditions, document, !isInverted, told);
      return { operatorName: '$nor', [isInverted ? 'clausesNotSatisfied' : 'clausesSatisfied']: details };
    },
  };
}

function constant(operatorName: string, operand: unknown): Condition {
  const isMet = operatorName === '$alwaysTrue';
  const reason = `expression always evaluates to ${String(isMet)}`;
  return { matches: () => isMet, tell: () => ({ operatorName, specifiedAs: { [operatorName]: operand }, reason }) };
}

function expression(operand: unknown): Condition {
  const evaluate = compile(toWorking(operand));
  const specified = { operatorName: '$expr', specifiedAs: { $expr: operand } };
  return {
    matches: (document) => isTrue(evaluate(scopeOf(workingDoc(document), {}))),
    tell(document, isInverted) {
      try {
        const expressionResult = evaluate(scopeOf(workingDoc(document), {}));
        return { ...specified, reason: `expression did ${isInverted ? '' : 'not '}match`, expressionResult };
      } catch (cause) {
        const { code, codeName, message } = toServerError(cause);
        const details = { code, codeName, errmsg: message };
        return { ...specified, reason: 'failed to evaluate aggregation expression', details };
      }
    },
  };
}

function schema(operand: Doc): Condition {
  const operatorName = '$jsonSchema';
  return {
    matches: matcherOf({ $jsonSchema: operand }),
    tell(document, isInverted) {
      if (isOfNoDocument(operand))
        return {
          ...constant('$alwaysFalse', 1).tell(document, isInverted),
          operatorName,
          specifiedAs: { $jsonSchema: operand },
        };
      if (isInverted) return { operatorName, reason: 'schema matched' };
      return { operatorName, ...annotationsOf(operand), schemaRulesNotSatisfied: schemaDetails(operand, document) };
    },
  };
}

/** How a condition on one field is told. */
interface Telling {
  readonly failed: string;
  readonly held: string;
  /** What values must be of for the operator to look at them; null for any type. */
  readonly types: readonly string[] | null;
  /** Whether a list at the end of the path is looked at as a whole. */
  readonly isWhole: boolean;
}

const NUMBERS = ['decimal', 'double', 'int', 'long'];

function telling(failed: string, held: string, types: readonly string[] | null = null, isWhole = false): Telling {
  return { failed, held, types, isWhole };
}

const COMPARED = telling('comparison failed', 'comparison succeeded');
const LISTED = telling('no matching value found in array', 'matching value found in array');
const BITS = telling('bitwise operator failed to match', 'bitwise operator matched successfully', [
  'binData',
  ...NUMBERS,
]);

const OPERATORS: Readonly<Record<string, Telling>> = {
  $eq: COMPARED,
  $ne: COMPARED,
  $gt: COMPARED,
  $gte: COMPARED,
  $lt: COMPARED,
  $lte: COMPARED,
  $in: LISTED,
  $nin: LISTED,
  $mod: telling('$mod did not evaluate to expected remainder', '$mod did evaluate to expected remainder', NUMBERS),
  $regex: telling('regular expression did not match', 'regular expression did match', ['regex', 'string', 'symbol']),
  $size: telling('array length was not equal to given size', 'array length was equal to given size', ['array'], true),
  $elemMatch: telling(
    'array did not satisfy the child predicate',
    'array did satisfy the child predicate',
    ['array'],
    true,
  ),
  $all: telling('array did not contain all specified values', 'array did contain all specified values', null, true),
  $type: telling('type did not match', 'type did match'),
  $bitsAllSet: BITS,
  $bitsAnySet: BITS,
  $bitsAllClear: BITS,
  $bitsAnyClear: BITS,
};
/** Operators that are the opposite of another, and told as that other one is where it holds. */
const OPPOSITES: ReadonlySet<string> = new Set(['$ne', '$nin']);

function fieldConditions(field: string, condition: unknown): readonly Condition[] {
  if (!isOperators(condition)) {
    const name = patternOf(condition) === null ? '$eq' : '$regex';
    return [leaf(field, name, { [field]: condition })];
  }
  return Object.entries(condition).flatMap(([name, operand]): readonly Condition[] => {
    const options = condition['$options'];
    if (name === '$comment' || name === '$options') return [];
    if (name === '$not') return [negation(field, operand)];
    const isOptional = name === '$regex' && options !== undefined;
    return [leaf(field, name, { [field]: { [name]: operand, ...(isOptional ? { $options: options } : {}) } })];
  });
}

function negation(field: string, operand: unknown): Condition {
  const inner = together(fieldConditions(field, operand));
  return {
    matches: (document) => !inner.matches(document),
    tell: (document, isInverted) => ({ operatorName: '$not', details: inner.tell(document, !isInverted) }),
  };
}

function leaf(field: string, operatorName: string, specifiedAs: Doc): Condition {
  const specified = { operatorName, specifiedAs };
  return {
    matches: matcherOf(specifiedAs),
    tell(document, isInverted) {
      if (operatorName === '$exists') {
        const isThere = isTrue((specifiedAs[field] as Doc)['$exists']) === isInverted;
        return { ...specified, reason: `path does ${isThere ? '' : 'not '}exist` };
      }
      const how = OPERATORS[operatorName] ?? COMPARED;
      const isHeld = isInverted !== OPPOSITES.has(operatorName);
      return { ...specified, ...considered(operatorName, how, valuesAt(document, field, how.isWhole), isHeld) };
    },
  };
}

function considered(operatorName: string, how: Telling, values: readonly unknown[] | null, isHeld: boolean): Doc {
  if (values === null) return { reason: 'field was missing' };
  const shown = values.slice(0, VALUES_MAX);
  const ofValues: Doc = {
    ...(shown.length === 1 ? { consideredValue: shown[0] } : { consideredValues: shown }),
    ...(values.length > VALUES_MAX ? { consideredValuesTruncated: true } : {}),
  };
  const names = [...new Set(shown.map(typeNameOf))].sort();
  const ofTypes = oneOrMany('considered', names);
  const { types } = how;
  if (types !== null && !names.some((name) => types.includes(name)))
    return { reason: 'type did not match', ...ofTypes, ...oneOrMany('expected', types), ...ofValues };
  return { reason: isHeld ? how.held : how.failed, ...ofValues, ...(operatorName === '$type' ? ofTypes : {}) };
}

function oneOrMany(what: 'considered' | 'expected', names: readonly string[]): Doc {
  if (names.length === 0) return {};
  return names.length === 1 ? { [`${what}Type`]: names[0] } : { [`${what}Types`]: names };
}

/** The values that a path leads to, through lists; those of a list at its end unless that is looked at as a whole. Null for none. */
function valuesAt(document: Doc, field: string, isWhole: boolean): readonly unknown[] | null {
  const found: unknown[] = [];
  let isThere = false;
  const walk = (value: unknown, path: readonly string[]): void => {
    const [key, ...rest] = path;
    if (key === undefined) {
      if (value === undefined) return;
      isThere = true;
      if (Array.isArray(value) && !isWhole) found.push(...(value as unknown[]));
      else found.push(value);
    } else if (Array.isArray(value)) {
      const place = placeOf(key);
      if (place !== null) walk(value[place], rest);
      for (const element of value as unknown[]) if (isDoc(element)) walk(element, path);
    } else if (isDoc(value)) walk(Object.hasOwn(value, key) ? value[key] : undefined, rest);
  };
  walk(document, keysOf(field));
  return isThere ? found : null;
}
