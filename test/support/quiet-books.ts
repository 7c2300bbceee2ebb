import { expect, vi } from 'vitest';
import type { Books } from '#domain/invariants.ts';
import { readBooks } from '#store/read-books.ts';
import type { ReadableStore } from '#store/ports.ts';

/**
 * All books, once no account holds entries any more that its last write posted: those are taken off when nobody has written the
 * account for a moment. Only then can it be said that something else left the books as they were.
 */
export function quietBooks(reader: ReadableStore): Promise<Books> {
  return vi.waitFor(
    async () => {
      const books = await readBooks(reader);
      const posting = books.accounts.filter((account) => Object.keys(account.posting).length > 0);
      expect(posting.map(({ _id }) => _id)).toEqual([]);
      return books;
    },
    { timeout: 30_000, interval: 50 },
  );
}
