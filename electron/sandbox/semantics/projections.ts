import type { Collation } from './collation.ts';
import { knowing } from './expressions/compile.ts';
import { refuse } from './expressions/refusal.ts';
import { conditionOf, isTrue, type MatchContext } from './field-conditions.ts';
import { keyOf, keysOf } from './field-names.ts';
import { matcherOf } from './matching.ts';
import { matchedPlaces } from './matched-elements.ts';
import { numberKind, toDouble } from './numbers.ts';
import { projectionOf, type FindOnly } from './projection-stages.ts';
import { ServerError } from './server-error.ts';
import { typeNameOf } from './type-operator.ts';
import { assign, isDoc, numberOf, workingDoc, type Doc } from './values.ts';

/** What chose the documents that are shown: the positional operator looks there for the element that matched. */
export interface Choice {
  readonly filter: Doc;
  readonly collation: Collation | null;
  /** The values of the command's `let`. */
  readonly variables?: Doc;
  /** True where a document is shown as it is after it was chosen and changed. */
  readonly isChanged?: boolean;
}

/**
 * Compiles a find's projection, which has `$slice`, `$elemMatch` and the positional operator beside what a pipeline has. Documents stay
 * untouched, in exact form, where there is none. Errors: MongoDB's for projections that are none, whatever is found.
 */
export function findProjection(projection: Doc | undefined, choice: Choice): (document: Doc) => Doc {
  if (projection === undefined || Object.keys(projection).length === 0) return (document) => document;
  const plain = plainInclusion(projection);
  if (plain !== null) return (document) => pick(document, plain);
  const extras = new Extras(choice);
  const { variables = {} } = choice;
  const project = knowing(variables, () => projectionOf(workingDoc(projection), variables, extras));
  return (document) => {
    const working = workingDoc(document);
    return extras.applied(project(working), working);
  };
}

interface Cut {
  readonly path: readonly string[];
  readonly of: (list: readonly unknown[]) => readonly unknown[];
}

const WITHOUT_EXPRESSION: ReadonlySet<string> = new Set(['$elemMatch', '$slice', '$meta', '$literal']);

/** What a find's projection has beyond the one of a pipeline. */
class Extras implements FindOnly {
  readonly #choice: Choice;
  readonly #cuts: Cut[] = [];
  #positional: readonly string[] | null = null;
  #hasElement = false;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  value(path: string, operand: unknown): ((scope: { readonly root: unknown }) => unknown) | null {
    const [operator = ''] = isDoc(operand) ? Object.keys(operand) : [];
    if (this.#choice.collation !== null && operator.startsWith('$') && !WITHOUT_EXPRESSION.has(operator))
      throw new ServerError(
        'NotImplemented',
        'The sandbox server has no expressions in a projection together with a collation',
      );
    if (!isDoc(operand) || operator !== '$elemMatch' || Object.keys(operand).length > 1) return null;
    const condition = operand['$elemMatch'];
    if (!isDoc(condition))
      throw refuse(31_274, `elemMatch: Invalid argument, object required, but got ${typeNameOf(condition)}`);
    if (this.#positional !== null) throw refuse(31_255, 'Cannot specify positional operator and $elemMatch.');
    if (path.includes('.')) throw refuse(31_275, 'Cannot use $elemMatch projection on a nested field.');
    this.#hasElement = true;
    const { collation } = this.#choice;
    const context: MatchContext = { collation, filter: (inner) => matcherOf(inner, {}, collation) };
    const matches = conditionOf('list', operand, context);
    const key = keyOf(path);
    return ({ root }) => {
      const list = isDoc(root) && Object.hasOwn(root, key) ? root[key] : undefined;
      const found = Array.isArray(list) ? (list as unknown[]).findIndex((element) => matches({ list: [element] })) : -1;
      return found < 0 || !Array.isArray(list) ? undefined : [list[found] as unknown];
    };
  }

  isCut(path: string, operand: unknown): boolean {
    if (!isDoc(operand) || Object.keys(operand)[0] !== '$slice' || Object.keys(operand).length > 1) return false;
    const cut = cutOf(operand['$slice']);
    if (cut === null) return false;
    this.#cuts.push({ path: keysOf(path), of: cut });
    return true;
  }

  positional(path: string, operand: unknown): string | null {
    if (!path.endsWith('.$') || path.includes('.$.')) return null;
    if (isDoc(operand)) throw refuse(31_271, 'positional projection cannot be used with an expression or sub object');
    if (typeof operand !== 'boolean' && numberKind(operand) === null)
      throw refuse(31_308, 'positional projection cannot be used with a literal');
    if (!isTrue(operand)) throw refuse(31_395, 'positional projection cannot be used with exclusion');
    if (this.#positional !== null)
      throw refuse(31_276, 'Cannot specify more than one positional projection per query.');
    if (this.#hasElement) throw refuse(31_256, 'Cannot specify positional operator and $elemMatch.');
    if (this.#choice.isChanged === true)
      throw new ServerError('BadValue', 'cannot use a positional projection and return the new document');
    if (path === '.$') throw refuse(5_392_900, 'Projection on field .$ is invalid');
    const names = keysOf(path.slice(0, -2));
    if (!asksFor(this.#choice.filter, names[0] ?? ''))
      throw refuse(31_277, `Positional projection '${path}' does not match the query document.`);
    this.#positional = names;
    return path.slice(0, -2);
  }

  /** What is left of a document (working form) that has been projected, given as it was before. */
  applied(projected: Doc, before: Doc): Doc {
    const cut = this.#cuts.reduce<unknown>((value, { path, of }) => cutAt(value, path, 0, of), projected);
    return (this.#positional === null ? cut : this.#elementAt(cut, this.#positional, 0, before)) as Doc;
  }

  /** The first list on the way is left with the element that the filter matched. */
  #elementAt(value: unknown, path: readonly string[], depth: number, before: Doc): unknown {
    if (Array.isArray(value)) {
      const index = this.#matchedPlace(before);
      if (index >= value.length) throw refuse(51_247, "positional operator '.$' element mismatch");
      return [value[index] as unknown];
    }
    const name = path[depth];
    if (!isDoc(value) || name === undefined || !Object.hasOwn(value, name)) return value;
    const result = { ...value };
    assign(result, name, this.#elementAt(value[name], path, depth + 1, before));
    return result;
  }

  #matchedPlace(document: Doc): number {
    const [place, ...others] = new Set(matchedPlaces(document, this.#choice));
    // Which of them is the last depends on the order of the conditions, which MongoDB 7 does not always change here.
    if (others.length > 0)
      throw new ServerError(
        'NotImplemented',
        'The sandbox server shows no matched element where conditions matched several of them',
      );
    if (place === undefined)
      throw refuse(51_246, "positional operator '.$' couldn't find a matching element in the array");
    return place;
  }
}

/** Whether a filter has a condition on a field of the first level, or on what is below it. */
function asksFor(filter: Doc, name: string): boolean {
  return Object.entries(filter).some(([key, condition]) => {
    if (!key.startsWith('$')) return keysOf(key)[0] === name;
    return Array.isArray(condition) && (condition as unknown[]).some((part) => isDoc(part) && asksFor(part, name));
  });
}

/** What a find's `$slice` leaves of a list; null where it is written as the expression of this name. */
function cutOf(operand: unknown): Cut['of'] | null {
  if (numberKind(operand) !== null) {
    const count = Math.trunc(toDouble(operand));
    return (list) => (count >= 0 ? list.slice(0, count) : list.slice(count));
  }
  if (!Array.isArray(operand) || operand.length !== 2 || operand.some((part) => numberKind(part) === null)) return null;
  const [skip = 0, count = 0] = (operand as unknown[]).map((part) => Math.trunc(toDouble(part)));
  if (count <= 0) return null;
  return (list) => {
    const from = skip < 0 ? Math.max(0, list.length + skip) : skip;
    return list.slice(from, from + count);
  };
}

/** Lists on the way are entered, those within them are not. */
function cutAt(value: unknown, path: readonly string[], depth: number, of: Cut['of']): unknown {
  const name = path[depth];
  if (name === undefined) return Array.isArray(value) ? of(value as unknown[]) : value;
  if (Array.isArray(value))
    return (value as unknown[]).map((element) => (isDoc(element) ? cutAt(element, path, depth, of) : element));
  if (!isDoc(value) || !Object.hasOwn(value, name)) return value;
  const result = { ...value };
  assign(result, name, cutAt(value[name], path, depth + 1, of));
  return result;
}

/** The top-level fields of a projection that only includes such: the usual case, which keeps every type as it is. */
export function plainInclusion(projection: Doc): ReadonlySet<string> | null {
  const fields = new Set<string>(['_id']);
  for (const [path, value] of Object.entries(projection)) {
    const isOn = value === true || (numberOf(value) ?? 0) !== 0;
    if (path === '' || path.includes('.') || path.includes('$')) return null;
    if (typeof value !== 'boolean' && numberOf(value) === null) return null;
    if (path === '_id' && !isOn) fields.delete('_id');
    else if (!isOn) return null;
    else fields.add(path);
  }
  return Object.keys(projection).some((path) => path !== '_id') ||
    (projection['_id'] !== undefined && fields.has('_id'))
    ? fields
    : null;
}

function pick(document: Doc, fields: ReadonlySet<string>): Doc {
  return Object.fromEntries(Object.entries(document).filter(([key]) => fields.has(key)));
}
