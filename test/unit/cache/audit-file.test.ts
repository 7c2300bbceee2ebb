import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditFile, type OwnAuditPlace } from '#cache/audit-file.ts';
import { verifyOwnChain } from '#console/audit/verify-audit.ts';
import type { AuditFilter } from '#domain/audit.ts';
import { expectOk } from '../../support/expect-ok.ts';

const EVERYTHING: AuditFilter = { actorId: null, action: null, subject: null };
const BEGAN_MS = Date.parse('2026-10-20T12:00:00Z');
const ENTRIES = 9;

let folder: string;
let file: AuditFile;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-audit-'));
  file = expectOk(AuditFile.open(path.join(folder, 'audit.sqlite'), () => 'chain'));
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Two entries a second. */
function fill(): void {
  for (let n = 0; n < ENTRIES; n += 1) {
    expectOk(
      file.append({
        atMs: BEGAN_MS + Math.floor(n / 2) * 1000,
        actor: { type: 'user', id: n % 3 === 0 ? 'ann' : 'ben' },
        isVerified: false,
        role: 'founder',
        host: 'here',
        version: '0.1.0',
        action: 'job.get',
        subject: `j${n + 1}`,
        outcome: 'done',
        of: null,
        details: {},
        witness: null,
      }),
    );
  }
}

/** Every number of a list, read in pages of two. */
function numbersOf(place: Omit<OwnAuditPlace, 'behindSeq'>, filter: AuditFilter = EVERYTHING): readonly number[] {
  const numbers: number[] = [];
  for (;;) {
    const page = expectOk(file.page(filter, { ...place, behindSeq: numbers.at(-1) ?? null }, 2));
    numbers.push(...page.map(({ seq }) => seq));
    if (page.length < 2) return numbers;
  }
}

describe("a console's own audit", () => {
  it.each([
    { direction: 'descending', startAtMs: null, numbers: [9, 8, 7, 6, 5, 4, 3, 2, 1] },
    { direction: 'ascending', startAtMs: null, numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    { direction: 'descending', startAtMs: BEGAN_MS + 2000, numbers: [6, 5, 4, 3, 2, 1] },
    { direction: 'descending', startAtMs: BEGAN_MS + 1999, numbers: [4, 3, 2, 1] },
    { direction: 'descending', startAtMs: BEGAN_MS - 1, numbers: [] },
    { direction: 'ascending', startAtMs: BEGAN_MS + 2000, numbers: [5, 6, 7, 8, 9] },
    { direction: 'ascending', startAtMs: BEGAN_MS + 2001, numbers: [7, 8, 9] },
    { direction: 'ascending', startAtMs: BEGAN_MS + 4001, numbers: [] },
    { direction: 'ascending', startAtMs: 0, numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
  ] as const)('is read $direction from $startAtMs on, the time included', ({ numbers, ...place }) => {
    fill();
    expect(numbersOf(place)).toEqual(numbers);
  });

  it('is read from a time on for one person alone', () => {
    fill();
    const ann = { ...EVERYTHING, actorId: 'ann' };
    expect(numbersOf({ direction: 'descending', startAtMs: BEGAN_MS + 2000 }, ann)).toEqual([4, 1]);
  });

  it('says that its folder cannot be made, because whoever opens it must refuse what is to be recorded', () => {
    writeFileSync(path.join(folder, 'audit'), 'no folder');
    expect(AuditFile.open(path.join(folder, 'audit', 'chain.sqlite'), () => 'chain')).toMatchObject({
      error: { code: 'audit_unusable', detail: expect.stringContaining('cannot be made') as string },
    });
  });

  it.each(['{}', 'no JSON'])('is told to be malformed where a line of it was made into %s', (line) => {
    fill();
    const hand = new Database(path.join(folder, 'audit.sqlite'));
    hand.prepare('UPDATE entries SET entry = ? WHERE seq = 2').run(line);
    hand.close();
    const { faults } = verifyOwnChain(file);
    expect(faults.map(({ reason }) => reason).toSorted()).toEqual(['malformed', 'missing']);
  });

  it('has nothing to show before its first entry', () => {
    expect(numbersOf({ direction: 'descending', startAtMs: BEGAN_MS })).toEqual([]);
    expect(numbersOf({ direction: 'ascending', startAtMs: BEGAN_MS })).toEqual([]);
  });
});
