import { isFields } from './fields.ts';

declare global {
  /** Of ECMAScript 2026 ("JSON.parse source text access"), which TypeScript's libraries do not have yet. */
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
  }
}

/** A number as it was written; `JSON.stringify` writes it so again. */
export interface RawNumber {
  readonly rawJSON: string;
}

type Context = { readonly source?: string } | undefined;

/** JSON over several lines, with every number as it was written: a figure of what was bought is not another one. Throws as {@link parseExactly}. */
export function indentedExactly(text: string): string {
  const asWritten: unknown = JSON.parse(text, (_name, value: unknown, context?: Context): unknown =>
    typeof value === 'number' && context?.source !== undefined ? JSON.rawJSON(context.source) : value,
  );
  return JSON.stringify(asWritten, null, 2);
}

/**
 * Parses JSON without losing a digit: an integer that no number of JavaScript can hold is kept as it was written. An id that is rounded is
 * another generation's, and what was bought would never be found again. Throws a SyntaxError where the text is none.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_name, value: unknown, context?: Context): unknown =>
    isUnsafe(value, context?.source) ? JSON.rawJSON(context?.source ?? '') : value,
  );
}

/**
 * The first integer in a JSON text that no number of JavaScript can hold, as it is written; null where there is none: 10000000000000000 can
 * be held, 9007199254740993 cannot. Throws as {@link parseExactly}.
 */
export function unsafeIntegerIn(text: string): string | null {
  let found: string | null = null;
  JSON.parse(text, (_name, value: unknown, context?: Context): unknown => {
    const { source = '' } = context ?? {};
    if (isUnsafe(value, source) && !isExactly(value, source)) found ??= source;
    return value;
  });
  return found;
}

/** Whether an integer is beyond those that JavaScript tells from their neighbours. */
function isUnsafe(value: unknown, source = ''): value is number {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
}

function isExactly(value: number, source: string): boolean {
  return Number.isFinite(value) && BigInt(value) === BigInt(source);
}

/** A document of the server as indented JSON, an integer of 64 bits with all of its digits. */
export function documentJsonOf(document: unknown): string {
  const isLong = (value: unknown): value is { toString(): string } =>
    typeof value === 'object' && value !== null && !isFields(value) && Reflect.get(value, '_bsontype') === 'Long';
  const json = JSON.stringify(
    document,
    (_name, value: unknown) => (isLong(value) ? JSON.rawJSON(value.toString()) : value),
    2,
  );
  return json ?? 'null';
}
