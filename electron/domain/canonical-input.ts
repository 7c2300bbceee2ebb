/**
 * The text that a job's input hash is taken over: prompt and options as JSON with the keys of every object in code-unit
 * order and no white space (RFC 8785 for the values that JSON can hold). Two inputs have the same text when they ask the
 * provider for the same thing.
 */
export function canonicalInput(input: {
  readonly prompt: string;
  readonly options: Readonly<Record<string, unknown>>;
}): string {
  return canonicalJson({ prompt: input.prompt, options: input.options });
}

/** A value as JSON with the keys of every object in code-unit order and no white space: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  // Of a time that no `Date` holds, which options may have as well, JSON says null; its own text throws.
  if (value instanceof Date) return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
