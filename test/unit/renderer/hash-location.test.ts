import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as HashLocation from '../../../renderer/app/hash-location.ts';

/** A window of which only the address is there. */
async function openWindow(
  prepare: HashLocation.Preparation,
): Promise<{ address: typeof HashLocation; events: EventTarget; put: (hash: string) => void }> {
  const events = new EventTarget();
  const place = { hash: '#/jobs' };
  const put = (hash: string): void => {
    place.hash = hash;
    // A browser tells of it twice.
    for (const type of ['popstate', 'hashchange']) events.dispatchEvent(new Event(type));
  };
  vi.stubGlobal('location', place);
  vi.stubGlobal('addEventListener', events.addEventListener.bind(events));
  vi.stubGlobal('history', { pushState: (_state: unknown, _title: string, url: string) => (place.hash = url) });
  vi.resetModules();
  const address = await import('../../../renderer/app/hash-location.ts');
  address.followAddress(prepare);
  return { address, events, put };
}

const jobs = (query: string): HashLocation.Target => ({ path: '/jobs', query });

describe('the address of the window', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('shows a place at once where nothing is read ahead', async () => {
    const { address } = await openWindow(() => null);
    address.navigateTo('/health?days=7');
    expect(address.currentTarget()).toEqual({ path: '/health', query: 'days=7' });
  });

  it('shows a place when what it needs is there, and asks for it once', async () => {
    const there = Promise.withResolvers<void>();
    const prepare = vi.fn<HashLocation.Preparation>(() => there.promise);
    const { address, put } = await openWindow(prepare);
    expect(address.currentTarget()).toEqual(jobs(''));
    put('#/jobs?state=failed');
    await vi.advanceTimersByTimeAsync(39);
    expect(address.currentTarget()).toEqual(jobs(''));
    there.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(address.currentTarget()).toEqual(jobs('state=failed'));
    expect(prepare).toHaveBeenCalledTimes(1);
  });

  it('shows it after forty milliseconds without, and where it could not be read', async () => {
    const answers = [() => new Promise<void>(() => undefined), () => Promise.reject(new Error('the engine is gone'))];
    const { address } = await openWindow(() => answers.shift()?.() ?? null);
    address.navigateTo('/jobs?state=failed');
    await vi.advanceTimersByTimeAsync(40);
    expect(address.currentTarget()).toEqual(jobs('state=failed'));
    address.navigateTo('/jobs?state=queued');
    await vi.advanceTimersByTimeAsync(0);
    expect(address.currentTarget()).toEqual(jobs('state=queued'));
  });

  it.each(['pointerdown', 'keydown', 'beforeinput', 'click'])(
    'shows it before somebody acts on it: %s',
    async (action) => {
      const { address, events } = await openWindow(() => new Promise(() => undefined));
      address.navigateTo('/jobs?state=failed');
      events.dispatchEvent(new Event(action));
      expect(address.currentTarget()).toEqual(jobs('state=failed'));
    },
  );

  it('draws nothing between a letter that stands in a field and whoever reads it there, which would take the letter away', async () => {
    const { address, events } = await openWindow(() => new Promise(() => undefined));
    address.navigateTo('/jobs?state=failed');
    events.dispatchEvent(new Event('input'));
    expect(address.currentTarget()).toEqual(jobs(''));
  });

  it('gives up what nobody will see, and never shows it', async () => {
    const there = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const answers = [there.promise, new Promise<void>(() => undefined)];
    const { address } = await openWindow((_from, _to, signal) => {
      signals.push(signal);
      return answers.shift() ?? null;
    });
    address.navigateTo('/jobs?state=failed');
    address.navigateTo('/jobs?state=queued');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    there.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(address.currentTarget()).toEqual(jobs(''));
    address.navigateTo('/jobs');
    await vi.advanceTimersByTimeAsync(100);
    expect(address.currentTarget()).toEqual(jobs(''));
  });
});
