import { canonicalJson } from '../canonical-input.ts';
import { appError, type AppError } from '../errors.ts';
import { isFields } from '../fields.ts';
import type { JobInput } from '../job.ts';
import { err, ok, type Result } from '../result.ts';
import type { Lens } from './lens.ts';
import { redactJobDocument } from './redact-document.ts';
import { hasMark } from './redaction-mark.ts';

/** An input as somebody edited it. */
export interface EditedValues {
  readonly prompt: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * What somebody who sees a redacted input meant by their edit of it: what they left as they saw it is what it was, so that no mark is
 * ever written into a job, and a text of which they did not see all can be kept and not changed.
 * Error: `text_hidden` with the place where something that they could not see was changed or left out, or where a mark was written.
 */
export function restoreEdited(
  original: Pick<JobInput, 'prompt' | 'options'>,
  edited: EditedValues,
  lens: Lens,
): Result<EditedValues, AppError> {
  const seen = redactJobDocument({ input: { prompt: original.prompt, options: original.options } }, lens).value.input;
  const prompt = restoreValue({ original: original.prompt, seen: seen.prompt, edited: edited.prompt }, 'prompt');
  if (!prompt.ok) return prompt;
  const options = restoreValue({ original: original.options, seen: seen.options, edited: edited.options }, 'options');
  if (!options.ok) return options;
  return ok({ prompt: String(prompt.value), options: { ...asFields(options.value) } });
}

interface Compared {
  readonly original: unknown;
  readonly seen: unknown;
  readonly edited: unknown;
}

function restoreValue({ original, seen, edited }: Compared, at: string): Result<unknown, AppError> {
  if (isSame(seen, edited)) return ok(original);
  if (isSame(seen, original)) {
    // Nothing is hidden here, so that anything may stand in its place but a mark.
    return holdsMark(edited) ? err(appError('text_hidden', at)) : ok(edited);
  }
  if (!isFields(seen) || !isFields(edited) || !isFields(original)) return err(appError('text_hidden', at));
  return restoreFields({ original, seen, edited }, at);
}

function restoreFields(
  { original, seen, edited }: Readonly<Record<keyof Compared, Readonly<Record<string, unknown>>>>,
  at: string,
): Result<unknown, AppError> {
  // The same names in the same order: redaction makes every field anew and leaves none out.
  const names = Object.keys(original);
  const seenNames = Object.keys(seen);
  if (names.length !== seenNames.length) return err(appError('text_hidden', at));
  // Not an object yet: a field of the name `__proto__` would set its prototype, and be lost.
  const restored = new Map<string, unknown>();
  const known = new Set(seenNames);
  for (const [name, value] of Object.entries(edited)) {
    if (known.has(name)) continue;
    if (hasMark(name) || holdsMark(value)) return err(appError('text_hidden', `${at}.${name}`));
    restored.set(name, value);
  }
  for (const [index, name] of names.entries()) {
    const seenName = seenNames[index] ?? name;
    const place = `${at}.${seenName}`;
    const values = { original: original[name], seen: seen[seenName] };
    if (!Object.hasOwn(edited, seenName)) {
      if (seenName !== name || !isSame(values.seen, values.original)) return err(appError('text_hidden', place));
      continue;
    }
    const value = restoreValue({ ...values, edited: edited[seenName] }, place);
    if (!value.ok) return value;
    restored.set(name, value.value);
  }
  return ok(Object.fromEntries(restored));
}

function isSame(left: unknown, right: unknown): boolean {
  return canonicalJson(left ?? null) === canonicalJson(right ?? null);
}

function holdsMark(value: unknown): boolean {
  return hasMark(canonicalJson(value ?? null));
}

function asFields(value: unknown): Readonly<Record<string, unknown>> {
  return isFields(value) ? value : {};
}
