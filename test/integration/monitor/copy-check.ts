import { expect, vi } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import type { ChangeSource } from '#store/change-source.ts';
import { contradictionsOf, differingParts } from '../../support/copy-digest.ts';
import { expectOk } from '../../support/expect-ok.ts';

/** How long a condition is looked at; only a failing test waits that long. */
export const WAIT = { timeout: 60_000, interval: 50 };

/** Waits until the copy holds what the server holds, to the last byte. */
export async function untilSame(cache: Cache, changes: ChangeSource): Promise<void> {
  await vi.waitFor(async () => expect(await differingParts(cache, changes)).toEqual([]), WAIT);
}

/** Waits until the copy says of when it is. */
export async function untilTimed(cache: Cache): Promise<void> {
  await vi.waitFor(() => expect(expectOk(cache.reader.standing()).asOfMs).not.toBeNull(), WAIT);
}

/** Holds a copy's roll-ups, documents and search index against its rows. */
export function expectConsistent(file: string): void {
  expect(contradictionsOf(file)).toEqual([]);
}
