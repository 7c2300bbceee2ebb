import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redactText } from '#domain/redacted-text.ts';
import { WholeLines } from '../../../electron/main/whole-lines.ts';

/** What is told of a text that comes in pieces, cut at some of its bytes. */
function toldOf(text: string, cuts: readonly number[]): string[] {
  const told: string[] = [];
  const lines = new WholeLines((whole) => told.push(...whole.split('\n')));
  const bytes = Buffer.from(text, 'utf8');
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  places.slice(1).forEach((place, at) => lines.take(bytes.subarray(places[at], place)));
  lines.end();
  return told.filter((line) => line !== '');
}

it('lines are whole, wherever a pipe cuts them', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat()), (lines, cuts) => {
      const text = lines.join('\n');
      expect(toldOf(text, cuts)).toEqual(text.split('\n').filter((line) => line !== ''));
    }),
  );
});

it('a password that a pipe cuts in two is taken out of the log', () => {
  const text = 'one\nlogin failed for the-marked-password at db\ntwo';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const told = toldOf(text, [cut]).map((line) => redactText(line, ['the-marked-password']));
    expect(told).toEqual(['one', 'login failed for [removed] at db', 'two']);
  }
});

it('a line without an end is told in parts, and does not fill the memory', () => {
  const told: string[] = [];
  const lines = new WholeLines((whole) => told.push(whole));
  for (let chunk = 0; chunk < 30; chunk += 1) lines.take(Buffer.alloc(100_000, 'x'));
  expect(told.length).toBeGreaterThan(1);
});
