import { createHash } from 'node:crypto';

/** A result that was made, or one that was made before for the same key. */
export type Sale =
  | { readonly type: 'made' | 'replayed'; readonly result: string }
  /** The key was used before for another request. */
  | { readonly type: 'key_reused' };

/**
 * What a provider remembers of what it sold: for a key that was answered before it gives the same result again and makes
 * nothing. The oldest results are forgotten when all together pass the limit.
 */
export class SoldResults {
  readonly #sold = new Map<string, { readonly request: string; readonly result: string }>();
  readonly #charactersMax: number;
  #characters = 0;

  /** @param charactersMax of all results that are remembered together */
  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  /** Makes the result of a request once for each key. */
  sell(key: string, request: string, make: () => string): Sale {
    const digest = createHash('sha256').update(request).digest('base64');
    const before = this.#sold.get(key);
    if (before !== undefined) {
      return before.request === digest ? { type: 'replayed', result: before.result } : { type: 'key_reused' };
    }
    const result = make();
    this.#sold.set(key, { request: digest, result });
    this.#characters += result.length;
    for (const [oldest, { result: forgotten }] of this.#sold) {
      if (this.#characters <= this.#charactersMax || oldest === key) break;
      this.#sold.delete(oldest);
      this.#characters -= forgotten.length;
    }
    return { type: 'made', result };
  }
}
