import { Long } from 'bson';
import { compile, isNil, scopeOf, type Evaluate } from '../expressions/compile.ts';
import { refuseFieldPath } from '../expressions/names.ts';
import { refuse } from '../expressions/refusal.ts';
import { keysOf } from '../field-names.ts';
import { matcherOf } from '../matching.ts';
import { valueAt } from '../paths.ts';
import { FieldSetter, projectionOf, putAt, setAt, unsetAt } from '../projection-stages.ts';
import { typeNameOf } from '../type-operator.ts';
import { isDoc, type Doc } from '../values.ts';
import { checkOptions, mapped, type CompileStage } from './stage.ts';

/** `$match`. */
export const match: CompileStage = (operand, { variables }) => {
  if (!isDoc(operand)) throw refuse(15_959, 'the match filter must be an expression in an object');
  const matches = matcherOf(operand, variables);
  return function* (input) {
    for (const document of input) if (matches(document)) yield document;
  };
};

/** `$project`. */
export const project: CompileStage = (operand, { variables }) => {
  const change = projectionOf(operand, variables);
  return (input) => mapped(input, change);
};

/** `$addFields` and `$set`. */
export const addFields: CompileStage = (operand, { variables }) => {
  if (!isDoc(operand))
    throw refuse(40_272, `$addFields specification stage must be an object, got ${typeNameOf(operand)}`);
  const given = flattened(operand, '');
  refuseConflicts(
    given.map(([path]) => path),
    '$addFields',
    40_176,
  );
  const fields = given.map(([path, value]): readonly [readonly string[], Evaluate] => [keysOf(path), compile(value)]);
  if (fields.length === 0)
    throw refuse(40_177, 'Invalid $addFields :: caused by :: specification must have at least one field');
  return (input) =>
    mapped(input, (document) => {
      const scope = scopeOf(document, variables);
      const setter = new FieldSetter(document);
      // Where a path leads into an empty list there is nothing to set, and nothing is evaluated.
      for (const [path, evaluate] of fields) if (isReached(setter.result, path, 0)) setter.set(path, evaluate(scope));
      return setter.result;
    });
};

function isReached(value: unknown, path: readonly string[], depth: number): boolean {
  if (depth >= path.length) return true;
  if (Array.isArray(value)) return (value as unknown[]).some((element) => isReached(element, path, depth));
  const name = path[depth] ?? '';
  return !isDoc(value) || !Object.hasOwn(value, name) || isReached(value[name], path, depth + 1);
}

/**
 * Documents of fields in a specification are paths, as far as they hold no operator (MongoDB's `ProjectionSpecValidator`).
 * Errors: those of {@link refuseFieldPath}, 40181, 40183.
 */
function flattened(specification: Doc, prefix: string): [string, unknown][] {
  return Object.entries(specification).flatMap(([name, value]): [string, unknown][] => {
    if (prefix !== '' && name.includes('.'))
      throw refuse(40_183, `Invalid $addFields :: caused by :: cannot use dotted field name '${name}' in a sub object`);
    const path = prefix + name;
    refuseFieldPath(path);
    const names = isDoc(value) ? Object.keys(value) : [];
    if (names.length > 1 && names.some((one) => one.startsWith('$')))
      throw refuse(
        40_181,
        `Invalid $addFields :: caused by :: an expression specification must contain exactly one field, the name of the expression. Found ${names.length} fields`,
      );
    const isPlain = isDoc(value) && names.length > 0 && names[0]?.startsWith('$') !== true;
    return isPlain ? flattened(value, `${path}.`) : [[path, value]];
  });
}

/** Error: the number that a stage gives it, for paths of which one leads to or through the other. */
export function refuseConflicts(paths: readonly string[], stage: string, code: number): void {
  for (const [at, path] of paths.entries())
    for (const other of paths.slice(0, at))
      if (path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`))
        throw refuse(
          code,
          `Invalid ${stage} :: caused by :: specification contains two conflicting paths. Cannot specify both '${path}' and '${other}'`,
        );
}

/** `$unset`. */
export const unset: CompileStage = (operand, { variables }) => {
  const paths = unsetPaths(operand);
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined) throw refuse(31_250, `Path collision at ${twice}`);
  // Whatever is wrong with the paths is wrong with a projection that leaves them out.
  projectionOf(Object.fromEntries(paths.map((path) => [path, false])), variables);
  const parts = paths.map((path) => keysOf(path));
  return (input) => mapped(input, (document) => parts.reduce<Doc>((result, path) => unsetAt(result, path), document));
};

/** The paths of an `$unset`. Errors: 31002, 31119 for no path, 31120 for one that is no text. */
function unsetPaths(operand: unknown): readonly string[] {
  if (typeof operand === 'string') return [operand];
  if (!Array.isArray(operand)) throw refuse(31_002, '$unset specification must be a string or an array');
  if (operand.length === 0)
    throw refuse(31_119, '$unset specification must be a string or an array with at least one field');
  const paths = (operand as unknown[]).filter((path) => typeof path === 'string');
  if (paths.length < operand.length)
    throw refuse(31_120, '$unset specification must be a string or an array containing only string values');
  return paths;
}

/** `$replaceRoot`. */
export const replaceRoot: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw refuse(40_229, 'expected an object as specification for $replaceRoot stage');
  checkOptions('$replaceRoot', operand, { known: ['newRoot'], required: ['newRoot'] });
  return replaceWith(operand['newRoot'], context);
};

/** `$replaceWith`. */
export const replaceWith: CompileStage = (operand, { variables }) => {
  const evaluate = compile(operand);
  return (input) =>
    mapped(input, (document) => {
      const root = evaluate(scopeOf(document, variables));
      if (isDoc(root)) return root;
      throw refuse(
        40_228,
        `'newRoot' expression  must evaluate to an object, but resulting value was: ${root === undefined ? 'MISSING' : JSON.stringify(root)}. Type of resulting value: '${typeNameOf(root)}'.`,
      );
    });
};

/** `$unwind`. */
export const unwind: CompileStage = (operand) => {
  const options: Doc = isDoc(operand) ? operand : { path: operand };
  const unknown = Object.keys(options).find(
    (name) => !['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'].includes(name),
  );
  if (unknown !== undefined) throw refuse(28_811, `unrecognized option to $unwind stage: ${unknown}`);
  const { path, includeArrayIndex: indexField, preserveNullAndEmptyArrays: isKept } = options;
  if (typeof path !== 'string')
    throw refuse(
      path === undefined ? 28_812 : 28_808,
      `expected a string as the path for $unwind stage, got ${typeNameOf(path)}`,
    );
  if (!path.startsWith('$'))
    throw refuse(28_818, `path option to $unwind stage should be prefixed with a '$': ${path}`);
  refuseFieldPath(path.slice(1));
  if (indexField !== undefined && (typeof indexField !== 'string' || indexField === ''))
    throw refuse(28_810, 'expected a non-empty string for the includeArrayIndex option to $unwind stage');
  if (typeof indexField === 'string' && indexField.startsWith('$'))
    throw refuse(28_822, `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${indexField}`);
  if (isKept !== undefined && typeof isKept !== 'boolean')
    throw refuse(
      28_809,
      `expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got ${typeNameOf(isKept)}`,
    );
  const parts = keysOf(path.slice(1));
  const withIndex = (document: Doc, index: unknown): Doc =>
    typeof indexField === 'string' ? putAt(document, keysOf(indexField), index) : document;
  return function* (input) {
    for (const document of input) {
      const value = valueAt(document, parts);
      if (!Array.isArray(value)) {
        if (!isNil(value) || isKept === true) yield withIndex(document, null);
        continue;
      }
      if (value.length === 0 && isKept === true) yield withIndex(unsetAt(document, parts), null);
      for (const [index, element] of (value as unknown[]).entries())
        yield withIndex(setAt(document, parts, element), Long.fromNumber(index));
    }
  };
};
