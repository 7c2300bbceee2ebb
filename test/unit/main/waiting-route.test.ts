import { expect, it } from 'vitest';
import { WaitingRoute } from '../../../electron/main/waiting-route.ts';

function waiting(first: string | null): { readonly route: WaitingRoute; readonly shown: (string | null)[] } {
  const shown: (string | null)[] = [];
  return { route: new WaitingRoute(first, (route) => shown.push(route)), shown };
}

it('opens the first window on the last link that came before a window could be opened', () => {
  const { route, shown } = waiting('/jobs/a');
  route.go('/jobs/b');
  route.go(null);
  expect(shown).toEqual([]);
  expect(route.open()).toBe('/jobs/b');
});

it('shows a link at once when a window is open, and the window itself where there is none', () => {
  const { route, shown } = waiting(null);
  expect(route.open()).toBe(null);
  route.go('/users/u');
  route.go(null);
  expect(shown).toEqual(['/users/u', null]);
});
