import { EJSON } from 'bson';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import { ServerError } from '#sandbox/semantics/server-error.ts';
import type { Doc } from '#sandbox/semantics/values.ts';

/** The cakes of MongoDB's manual, page `$setWindowFields`. */
export const CAKES: readonly Doc[] = [
  { _id: 0, type: 'chocolate', orderDate: new Date('2020-05-18T14:10:30Z'), state: 'CA', price: 13, quantity: 120 },
  { _id: 1, type: 'chocolate', orderDate: new Date('2021-03-20T11:30:05Z'), state: 'WA', price: 14, quantity: 140 },
  { _id: 2, type: 'vanilla', orderDate: new Date('2021-01-11T06:31:15Z'), state: 'CA', price: 12, quantity: 145 },
  { _id: 3, type: 'vanilla', orderDate: new Date('2020-02-08T13:13:23Z'), state: 'WA', price: 13, quantity: 104 },
  { _id: 4, type: 'strawberry', orderDate: new Date('2019-05-18T16:09:01Z'), state: 'CA', price: 41, quantity: 162 },
  { _id: 5, type: 'strawberry', orderDate: new Date('2019-01-08T06:12:03Z'), state: 'WA', price: 43, quantity: 134 },
];

/** A date as {@link plain} shows it. */
export const date = (text: string): unknown => ({ $date: text });

/** What a pipeline of one stage makes of documents. */
export function runStage(stage: Doc, documents: readonly Doc[]): readonly Doc[] {
  return runPipeline([stage], documents, { variables: {}, collection: () => [] });
}

/** A value as it is shown, without the types of its numbers. */
export function plain(value: unknown): unknown {
  const { value: shown } = JSON.parse(EJSON.stringify({ value }, { relaxed: true })) as { readonly value: unknown };
  return shown;
}

/** The code by which a stage is refused; null where it is not. */
export function refusalOf(stage: Doc, documents: readonly Doc[]): number | null {
  try {
    runStage(stage, documents);
    return null;
  } catch (cause) {
    if (cause instanceof ServerError) return cause.code;
    throw cause;
  }
}
