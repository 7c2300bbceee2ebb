import { compareValues } from '../compare.ts';
// The expression of this file is compiled when it is loaded, and operators must be known by then.
import '../expressions/operator-table.ts';
import { compile, isNil, scopeOf, type Evaluate } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { numberKind } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import type { Doc } from '../values.ts';
import type { Spooled } from './memory.ts';

interface Point {
  readonly at: number;
  readonly x: unknown;
  readonly y: unknown;
}

/** What is filled, and by which places. */
export interface Filling {
  readonly x: Evaluate;
  readonly y: Evaluate;
  readonly variables: Doc;
}

const BETWEEN = compile({
  $add: [
    '$y1',
    {
      $multiply: [
        { $subtract: ['$x', '$x1'] },
        { $divide: [{ $subtract: ['$y2', '$y1'] }, { $subtract: ['$x2', '$x1'] }] },
      ],
    },
  ],
});

/**
 * `$linearFill`: each value, and in a gap what lies on the line between the values at its ends; null where it has one end only. The
 * end of a gap is looked for by a second reading of the partition, so that no gap has to fit in memory.
 */
export function* linearFill(partition: Spooled, filling: Filling): Generator<unknown> {
  const ahead = pointsOf(partition, filling);
  let left: Point | null = null;
  let right: Point | null = null;
  let isEnd = false;
  for (const point of pointsOf(partition, filling)) {
    if (!isNil(point.y)) {
      left = point;
      yield point.y;
      continue;
    }
    while (!isEnd && (right === null || right.at < point.at)) {
      const next = ahead.next();
      isEnd = next.done === true;
      if (next.done === true) right = null;
      else if (!isNil(next.value.y)) right = next.value;
    }
    yield left === null || right === null ? null : valueBetween(left, right, point.x);
  }
}

function valueBetween(left: Point, right: Point, x: unknown): unknown {
  return BETWEEN(scopeOf({ x, x1: left.x, x2: right.x, y1: left.y, y2: right.y }, {}));
}

/** Errors: `TypeMismatch` for what is no number, 6050106 for two documents at one place. */
function* pointsOf(partition: Spooled, { x, y, variables }: Filling): Generator<Point, undefined> {
  let before: Point | null = null;
  let at = 0;
  for (const document of partition.read()) {
    const scope = scopeOf(document, variables);
    const point: Point = { at, x: x(scope), y: y(scope) };
    checkPoint(point, before);
    before = point;
    at += 1;
    yield point;
  }
}

function checkPoint({ x, y }: Point, before: Point | null): void {
  if (!isNil(y) && numberKind(y) === null)
    throw new ServerError('TypeMismatch', `Value to be filled must be numeric or nullish, but found ${typeNameOf(y)}`);
  if (!(x instanceof Date) && numberKind(x) === null)
    throw new ServerError(
      'TypeMismatch',
      `Value of the sortBy field must be numeric or a date, but found ${typeNameOf(x)}`,
    );
  if (before === null) return;
  if (compareValues(x, before.x) === 0)
    throw refuse(6_050_106, 'There can be no repeated values in the sort field in the same partition');
  if (x instanceof Date !== before.x instanceof Date)
    throw new ServerError(
      'TypeMismatch',
      `Conflicting sort value types, previously received type ${typeNameOf(before.x)}, but found ${typeNameOf(x)}`,
    );
}
