import { Context, OpType } from 'mingo/core';
import * as booleanOperators from 'mingo/operators/expression/boolean';
import * as expressionOperators from 'mingo/operators/expression';
import * as accumulatorOperators from 'mingo/operators/accumulator';
import * as pipelineOperators from 'mingo/operators/pipeline';
import * as projectionOperators from 'mingo/operators/projection';
import * as queryOperators from 'mingo/operators/query';
import * as windowOperators from 'mingo/operators/window';
import { Query } from 'mingo/query';
import type { Options } from 'mingo/types';
import { rankedTexts, refuseUncollated, type Collation } from './collation.ts';
import { ServerError } from './server-error.ts';
import { typeOperator } from './type-operator.ts';
import { comparableDoc, isDoc, type Doc } from './values.ts';

/** Every operator that mingo has, as MongoDB's server has them without loading anything first. */
export const OPERATORS = Context.init({
  accumulator: { ...accumulatorOperators },
  expression: { ...expressionOperators, ...booleanOperators },
  pipeline: { ...pipelineOperators },
  projection: { ...projectionOperators },
  query: { ...queryOperators, $type: typeOperator },
  window: { ...windowOperators },
});

/** What mingo is told for every evaluation: no JavaScript from a query is ever run. */
export const EVALUATION: Partial<Options> = { context: OPERATORS, scriptEnabled: false, useStrictMode: true };

/** Tests a document in comparable form. */
export type Matcher = (document: Doc) => boolean;

const TOP_LEVEL = new Set(['$and', '$or', '$nor', '$expr', '$jsonSchema', '$comment', '$where', '$text']);

/**
 * Compiles a filter in exact form, with MongoDB's refusals for what no server would accept.
 * @param variables values of `let`, by name
 * @param collation how texts compare; null for their bytes
 */
export function matcherOf(filter: Doc, variables: Doc = {}, collation: Collation | null = null): Matcher {
  const comparable = withoutComments(comparableDoc(filter));
  refuseUnknown(comparable);
  if (Object.keys(comparable).length === 0) return () => true;
  if (collation !== null) return collatedMatcher(comparable, variables, collation);
  const query = new Query(comparable, { ...EVALUATION, variables });
  return (document) => query.test(document);
}

/** mingo compares texts by their bytes only, so each document is matched with the ranks of its texts and the filter's. */
function collatedMatcher(filter: Doc, variables: Doc, collation: Collation): Matcher {
  refuseUncollated(filter);
  return (document) => {
    const ranked = rankedTexts(collation, [filter, document]);
    const query = new Query(asDoc(ranked(filter)), { ...EVALUATION, variables });
    return query.test(asDoc(ranked(document)));
  };
}

function asDoc(value: unknown): Doc {
  return isDoc(value) ? value : {};
}

function withoutComments(filter: Doc): Doc {
  return Object.fromEntries(Object.entries(filter).filter(([key]) => key !== '$comment'));
}

function refuseUnknown(filter: Doc): void {
  for (const [key, value] of Object.entries(filter)) {
    if (key === '$where' || key === '$text') {
      throw new ServerError('NotImplemented', `${key} is not offered by this sandbox server`);
    }
    if (key.startsWith('$') && !TOP_LEVEL.has(key)) {
      throw new ServerError(
        'BadValue',
        `unknown top level operator: ${key}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      );
    }
    if (key === '$and' || key === '$or' || key === '$nor') refuseBadList(key, value);
    else if (!key.startsWith('$') && isDoc(value)) refuseUnknownOperators(value);
  }
}

function refuseBadList(key: string, value: unknown): void {
  if (!Array.isArray(value)) throw new ServerError('BadValue', `${key} argument must be an array`);
  if (value.length === 0) throw new ServerError('BadValue', '$and/$or/$nor must be a nonempty array');
  for (const branch of value as unknown[]) {
    if (!isDoc(branch)) throw new ServerError('BadValue', '$or/$and/$nor entries need to be full objects');
    refuseUnknown(branch);
  }
}

function refuseUnknownOperators(value: Doc): void {
  const keys = Object.keys(value);
  if (!(keys[0] ?? '').startsWith('$')) return;
  for (const key of keys) {
    if (key === '$options' && keys.includes('$regex')) continue;
    if (OPERATORS.getOperator(OpType.QUERY, key) === null)
      throw new ServerError('BadValue', `unknown operator: ${key}`);
    if ((key === '$in' || key === '$nin' || key === '$all') && !Array.isArray(value[key])) {
      throw new ServerError('BadValue', `${key} needs an array`);
    }
  }
}
