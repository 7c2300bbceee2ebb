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

/**
 * Parses JSON without losing a digit: an integer that no number of JavaScript can hold is kept as it was written. An id that is rounded is
 * another generation's, and what was bought would never be found again. Throws a SyntaxError where the text is none.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? JSON.rawJSON(context?.source ?? '')
      : value,
  );
}
