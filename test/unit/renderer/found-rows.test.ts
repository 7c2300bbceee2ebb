import { expect, it } from 'vitest';
import { firstRowOf, scoreOf } from '../../../renderer/app/found-rows.tsx';

const NOTHING = { jobs: [], workspaceIds: [], userIds: [], isLooking: false, failure: null };

it('takes what was found for just these letters as fitting wholly, whatever it is called, and nothing else', () => {
  expect(scoreOf('job order-7', 'a birch', ['a birch'])).toBe(1);
  expect(scoreOf('job order-7', 'a birch tree', ['a birch'])).toBe(0);
  expect(scoreOf('screen Audit', 'aud')).toBeGreaterThan(0);
  expect(scoreOf('screen Audit', 'aud')).toBeLessThan(1);
});

it('names the row that stands first and where it leads, none where nothing was found', () => {
  expect(firstRowOf(NOTHING)).toBeNull();
  expect(firstRowOf({ ...NOTHING, userIds: ['ann'] })).toEqual({ value: 'user ann', href: '/users/ann' });
  expect(firstRowOf({ ...NOTHING, workspaceIds: ['acorn'], userIds: ['ann'] })).toEqual({
    value: 'workspace acorn',
    href: '/workspaces/acorn',
  });
});
