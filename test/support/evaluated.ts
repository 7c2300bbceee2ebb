import { EJSON } from 'bson';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import { ServerError } from '#sandbox/semantics/server-error.ts';
import { decodeExact, encode, type Doc } from '#sandbox/semantics/values.ts';

/** A value with its types, as they are written. */
export function exact(value: unknown): string {
  return EJSON.stringify(decodeExact(encode({ value })), { relaxed: false });
}

/** What the sandbox makes of an expression; `undefined` where there is nothing. */
export function evaluated(expression: unknown, document: Doc = {}): string {
  return exact(piped([{ $replaceWith: { value: expression } }], [document])[0]?.['value']);
}

/** What the sandbox's stages make of documents. */
export function piped(stages: readonly Doc[], documents: readonly Doc[]): Doc[] {
  return runPipeline(stages, documents, { variables: {}, collection: () => [] });
}

/** The code that work is refused with; null where it is not. */
export function codeOf(work: () => unknown): number | null {
  try {
    work();
    return null;
  } catch (cause) {
    if (cause instanceof ServerError) return cause.code;
    throw cause;
  }
}
