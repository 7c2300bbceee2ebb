import { describe, expect, it } from 'vitest';
import type { FailureAct } from '#domain/failure-groups.ts';
import { groupHindrance, noteOf, wordsOfFailureAct } from '../../../renderer/views/drafts/draft-words.ts';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const ALONE = { merged: [], mergedInto: null };

describe('a kept decision about a group of failures', () => {
  it('is held back where the group was merged into another since', () => {
    const act = { type: 'resolve', note: '' } as const;
    expect(groupHindrance(act, ALONE, NOW_MS)).toBeNull();
    expect(groupHindrance(act, { ...ALONE, mergedInto: 'other' }, NOW_MS)).toContain('merged into another');
  });

  it('is held back where the time until which it ignores is over', () => {
    const until = (atMs: number) => ({ type: 'ignore', until: { type: 'time', atMs }, note: '' }) as const;
    expect(groupHindrance(until(NOW_MS + 1), ALONE, NOW_MS)).toBeNull();
    expect(groupHindrance(until(NOW_MS), ALONE, NOW_MS)).toContain('is over');
  });

  it('is held back where the cause that it splits off is gone, or what it merges is one already', () => {
    const split: FailureAct = { type: 'split', fingerprint: 'b' };
    const merge: FailureAct = { type: 'merge', fingerprints: ['b', 'c'] };
    expect(groupHindrance(split, ALONE, NOW_MS)).toContain('no longer in the group');
    expect(groupHindrance(split, { ...ALONE, merged: ['b'] }, NOW_MS)).toBeNull();
    expect(groupHindrance(merge, { ...ALONE, merged: ['b'] }, NOW_MS)).toBeNull();
    expect(groupHindrance(merge, { ...ALONE, merged: ['b', 'c'] }, NOW_MS)).toContain('already');
  });

  it('says what it does, with what was written beside it', () => {
    expect(wordsOfFailureAct({ type: 'merge', fingerprints: ['b', 'c'] })).toBe('Merge 2 others into the group');
    expect(wordsOfFailureAct({ type: 'ignore', until: { type: 'jobs', more: 1000 }, note: '' })).toBe(
      'Ignore the group until 1,000 more jobs fail',
    );
    expect(noteOf({ type: 'accept', reason: 'small' })).toBe('small');
    expect(noteOf({ type: 'comment', text: 'seen' })).toBe('seen');
    expect(noteOf({ type: 'reopen' })).toBe('');
  });
});
