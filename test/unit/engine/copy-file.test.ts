import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache } from '#cache/open-cache.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import { CopyFile, type CopyFileOptions } from '#engine/copy-file.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

const DAMAGE = appError('cache_unusable', 'SQLITE_CORRUPT: database disk image is malformed');
const HOUR_MS = 3_600_000;

let world: CacheWorld;
let monotonicMs: number;
let notes: string[];
let errors: AppError[];
let waits: number;

beforeEach(() => {
  world = setupCache();
  [monotonicMs, notes, errors, waits] = [0, [], [], 0];
});
afterEach(() => world.end());

function copyFile(options: Partial<CopyFileOptions> = {}): CopyFile {
  const open: CopyFileOptions['open'] = (fault) => openCache({ path: world.file, now: () => NOW_MS, fault });
  return new CopyFile(expectOk(open(null)), {
    open,
    onNote: ({ says }) => void notes.push(says),
    onError: (error) => void errors.push(error),
    wait: () => {
      waits += 1;
      return Promise.resolve();
    },
    nowMs: () => NOW_MS,
    monotonicMs: () => monotonicMs,
    log: () => undefined,
    ...options,
  });
}

async function breakAndRenew(copy: CopyFile): Promise<unknown> {
  copy.condemn(DAMAGE);
  return copy.renew(new AbortController().signal);
}

describe('the file of the copy', () => {
  it('is set aside where it was condemned, with a sentence, and written anew', async () => {
    const copy = copyFile();
    expectOk(expectOk(copy.writer).apply([jobChange(jobIn({ id: 'j1' }))], 'p1'));
    expect(await breakAndRenew(copy)).toMatchObject({ ok: true });
    expect(expectOk(expectOk(copy.writer).standing()).position).toBeNull();
    expect(copy.isCondemned).toBe(false);
    expect(notes).toEqual([expect.stringMatching(/set aside as .*damaged while it was in use \(SQLITE_CORRUPT/)]);
    copy.close();
  });

  it('is given up where new ones are damaged again and again, and not where hours lie between', async () => {
    const copy = copyFile();
    for (let n = 0; n < 6; n += 1) {
      monotonicMs += HOUR_MS;
      expect(await breakAndRenew(copy)).toMatchObject({ ok: true });
    }
    expect(await breakAndRenew(copy)).toMatchObject({ ok: true });
    expect(await breakAndRenew(copy)).toMatchObject({ ok: true });
    expect(await breakAndRenew(copy)).toMatchObject({ ok: false, error: { code: 'copy_keeps_failing' } });
    expect(copy.writer).toMatchObject({ ok: false, error: { code: 'cache_unusable' } });
    // What stands is condemned still: the next start of the program sets it aside.
    const next = world.open();
    expect(next.setAside).toMatch(/damaged while it was in use/);
  });

  it('waits for room on the disk where there is none for a new one', async () => {
    const full = appError('disk_full');
    let tries = 0;
    const copy = copyFile({
      open: (fault) => {
        tries += 1;
        return tries <= 2 ? err(full) : openCache({ path: world.file, now: () => NOW_MS, fault });
      },
    });
    expect(await breakAndRenew(copy)).toMatchObject({ ok: true });
    expect([waits, errors]).toEqual([2, [full, full]]);
    copy.close();
  });
});
