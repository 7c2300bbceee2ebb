import { afterEach, describe, expect, it, vi } from 'vitest';

const OTHERS = '../../../renderer/app/other-screens.ts';

afterEach(() => {
  vi.doUnmock(OTHERS);
  vi.resetModules();
});

describe('the screens that come later', () => {
  it('are loaded again by who asks again, when they could not be loaded before', async () => {
    let tries = 0;
    vi.doMock(OTHERS, () => {
      tries += 1;
      if (tries === 1) throw new Error('Failed to fetch');
      return { AlertsScreen: 'alerts' };
    });
    const { loadOtherScreens, ScreensNotLoadedError } = await import('../../../renderer/app/lazy-screens.ts');
    await expect(loadOtherScreens()).rejects.toBeInstanceOf(ScreensNotLoadedError);
    expect((await loadOtherScreens()).AlertsScreen).toBe('alerts');
    await loadOtherScreens();
    expect(tries).toBe(2);
  });
});
