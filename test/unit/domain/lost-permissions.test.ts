import { expect, it } from 'vitest';
import { lostPermissions } from '#domain/people.ts';

it.each([
  { from: 'founder', to: 'support', lost: ['money', 'policy', 'runner'] },
  { from: 'support', to: 'finance', lost: ['payload', 'retry'] },
  { from: 'support', to: null, lost: ['payload', 'retry', 'export'] },
  { from: 'viewer', to: null, lost: [] },
  { from: 'support', to: 'founder', lost: [] },
] as const)('who was $from and becomes $to loses $lost', ({ from, to, lost }) => {
  expect(lostPermissions(from, to)).toEqual(lost);
});
