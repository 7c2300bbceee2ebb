import type { Collation } from './collation.ts';
import { compile as compileExpression, knowing, scopeOf } from './expressions/compile.ts';
import './expressions/operator-table.ts';
import { conditionOf, isTrue, type MatchContext, type Matcher } from './field-conditions.ts';
import { schemaMatcher } from './json-schema.ts';
import { ServerError } from './server-error.ts';
import { isDoc, toWorking, workingDoc, type Doc } from './values.ts';

const LISTS: ReadonlySet<string> = new Set(['$and', '$or', '$nor']);

/**
 * Compiles a filter, with MongoDB's refusals for what no server would accept.
 * @param variables values of `let`, by name
 * @param collation how texts compare; null for their bytes
 */
export function matcherOf(filter: Doc, variables: Doc = {}, collation: Collation | null = null): Matcher {
  const context: MatchContext = { collation, filter: (inner) => compile(inner) };
  const compile = (part: Doc): Matcher => {
    const matchers: Matcher[] = [];
    for (const [key, value] of Object.entries(part)) {
      if (key === '$comment') continue;
      if (LISTS.has(key)) matchers.push(listOf(key, value, compile));
      else if (key === '$expr') matchers.push(expressionMatcher(value, variables, collation));
      else if (key === '$jsonSchema') matchers.push(schemaMatcher(value));
      else if (key === '$alwaysTrue' || key === '$alwaysFalse') matchers.push(() => key === '$alwaysTrue');
      else if (key.startsWith('$') && !isReference(key)) throw unknownTopLevel(key);
      else matchers.push(conditionOf(key, value, context));
    }
    const [only] = matchers;
    if (only !== undefined && matchers.length === 1) return only;
    return (document) => matchers.every((matches) => matches(document));
  };
  return knowing(variables, () => compile(filter));
}

/** A reference to another document may be matched by its parts. */
function isReference(key: string): boolean {
  return key === '$ref' || key === '$id' || key === '$db';
}

function unknownTopLevel(key: string): ServerError {
  if (key === '$where' || key === '$text' || key === '$sampleRate')
    return new ServerError('NotImplemented', `${key} is not offered by this sandbox server`);
  return new ServerError(
    'BadValue',
    `unknown top level operator: ${key}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
  );
}

function listOf(key: string, value: unknown, compile: (part: Doc) => Matcher): Matcher {
  if (!Array.isArray(value)) throw new ServerError('BadValue', `${key} must be an array`);
  if (value.length === 0) throw new ServerError('BadValue', '$and/$or/$nor must be a nonempty array');
  const branches = (value as unknown[]).map((branch) => {
    if (!isDoc(branch)) throw new ServerError('BadValue', '$or/$and/$nor entries need to be full objects');
    return compile(branch);
  });
  if (key === '$and') return (document) => branches.every((matches) => matches(document));
  const isAny = (document: Doc): boolean => branches.some((matches) => matches(document));
  return key === '$or' ? isAny : (document) => !isAny(document);
}

/** Expressions are evaluated on documents in working form. */
function expressionMatcher(expression: unknown, variables: Doc, collation: Collation | null): Matcher {
  if (collation !== null && hasTexts(expression))
    throw new ServerError('NotImplemented', 'The sandbox server has no $expr together with a collation');
  const evaluate = compileExpression(toWorking(expression));
  return (document) => isTrue(evaluate(scopeOf(workingDoc(document), variables)));
}

function hasTexts(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (Array.isArray(value)) return value.some(hasTexts);
  return isDoc(value) && Object.values(value).some(hasTexts);
}
