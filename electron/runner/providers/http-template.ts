import type { GenerationRequest } from '../provider.ts';
import { valueAt } from './json-pointer.ts';

/** What placeholders stand for. */
export type Placeholders = Pick<GenerationRequest, 'prompt' | 'model' | 'kind' | 'idempotencyKey' | 'options'> & {
  readonly callbackUrl: string;
};

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const WHOLE_OPTIONS = /^\{options((?:\/[^{}]+)?)\}$/;
const NAME = /\{(prompt|model|kind|idempotencyKey|callbackUrl)\}/g;

/** A body with its placeholders filled in. What stands in a prompt is never taken for a placeholder itself. */
export function fillBody(template: Json, values: Placeholders): unknown {
  if (typeof template === 'string') {
    const options = WHOLE_OPTIONS.exec(template);
    return options === null ? fillText(template, values) : (valueAt(values.options, options[1] ?? '') ?? null);
  }
  if (Array.isArray(template)) return template.map((item) => fillBody(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, fillBody(value, values)]));
}

/** A text with its placeholders filled in. */
export function fillText(template: string, values: Placeholders): string {
  return template.replace(NAME, (_, name: Exclude<keyof Placeholders, 'options'>) => values[name]);
}

/** True where something in the text speaks of a request. */
export function hasPlaceholder(template: string): boolean {
  return template.search(NAME) >= 0;
}

/** An address with the generation's id in it. */
export function addressOf(template: string, id: string): string {
  // Half of a character has no place in an address, and the encoding throws for it: the provider, who made it up, may say what it makes of that.
  const encoded = encodeURIComponent(id.toWellFormed());
  // `new URL` writes braces of a path as they are or escaped, depending on where they stand.
  return template.replaceAll('{id}', encoded).replaceAll('%7Bid%7D', encoded);
}
