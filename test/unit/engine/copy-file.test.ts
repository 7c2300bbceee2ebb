import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache, type Cache } from '#cache/open-cache.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
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

function open(fault: string | null): ReturnType<CopyFileOptions['open']> {
  return openCache({ path: world.file, now: () => NOW_MS, fault });
}

function copyFile(options: Partial<CopyFileOptions> = {}, cache: Cache | null = expectOk(open(null))): CopyFile {
  return new CopyFile(cache, {
    open,
    upgrade: () => Promise.resolve(ok({ setAside: null })),
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

describe('a file that an older version wrote', () => {
  type Upgraded = Awaited<ReturnType<CopyFileOptions['upgrade']>>;

  /** A file that comes to these ends one after the other when it is upgraded. */
  function olderFile(...ends: readonly Upgraded[]): CopyFile {
    const left = [...ends];
    return copyFile({ upgrade: () => Promise.resolve(left.shift() ?? err(appError('cancelled'))) }, null);
  }

  it('cannot be written to before it is of this one', async () => {
    const copy = olderFile(ok({ setAside: null }));
    expect(copy.writer).toMatchObject({ error: { code: 'copy_upgrading' } });
    expectOk(await copy.upgrade(new AbortController().signal));
    expectOk(expectOk(copy.writer).standing());
    expect(notes).toEqual([]);
    copy.close();
  });

  it('is tried again where what is in the way passes, and that is told', async () => {
    const copy = olderFile(err(appError('disk_full', 'test')), ok({ setAside: 'It was set aside.' }));
    expectOk(await copy.upgrade(new AbortController().signal));
    expect([errors.map(({ code }) => code), waits]).toEqual([['disk_full'], 1]);
    expect(notes).toEqual(['It was set aside.']);
    copy.close();
  });

  it('is set aside where the thread died with it, which it would do with each start', async () => {
    world.open().close();
    const copy = olderFile(err(appError('internal', 'the thread that upgrades the copy failed')));
    expectOk(await copy.upgrade(new AbortController().signal));
    expect(notes).toEqual([expect.stringMatching(/set aside as .*the thread that upgrades the copy failed/)]);
    copy.close();
  });

  it('is left alone where the program ends meanwhile', async () => {
    const stopping = new AbortController();
    const upgrade = (): Promise<Upgraded> => {
      stopping.abort();
      return Promise.resolve(err(appError('cancelled')));
    };
    const copy = copyFile({ upgrade }, null);
    expect(await copy.upgrade(stopping.signal)).toMatchObject({ error: { code: 'cancelled' } });
    expect([notes, errors]).toEqual([[], []]);
  });
});
