import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AuditFile } from '#cache/audit-file.ts';
import { AuditBook } from '#console/audit/audit-book.ts';
import type { AuditEntry } from '#domain/audit.ts';
import { AuditTrail } from '#engine/audit-trail.ts';
import { expectOk } from '../../support/expect-ok.ts';

let folder: string;
let file: AuditFile;
let nowMs: number;
let trail: AuditTrail;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-trail-'));
  file = expectOk(AuditFile.open(path.join(folder, 'audit.sqlite'), () => 'chain'));
  nowMs = Date.parse('2026-11-30T12:00:00Z');
  const now = (): number => nowMs;
  const book = new AuditBook({ file, log: () => null, host: 'here', version: '1', now, onUnsent: () => undefined });
  const person = () => ({ actor: { type: 'user', id: 'ann' }, isVerified: false, role: 'founder' }) as const;
  trail = new AuditTrail({ book, person, now, log: () => undefined });
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

function recorded(): readonly AuditEntry[] {
  const filter = { actorId: null, action: null, subject: null };
  return expectOk(file.page(filter, { direction: 'ascending', startAtMs: null, behindSeq: null }, 100));
}

it('a text with half of a character is recorded as a server keeps it, which it would else be found changed by', () => {
  expectOk(trail.begin('cancel.run', { jobId: 'j\ud83d', reason: 'half \ude00', names: { 'n\ud83d': ['\ud83d'] } }));
  const [entry] = recorded();
  expect(entry?.subject).toBe('j\ufffd');
  expect(entry?.details).toEqual({
    asked: { jobId: 'j\ufffd', reason: 'half \ufffd', names: { 'n\ufffd': ['\ufffd'] } },
  });
});

it('a look is recorded again after ten minutes, and also where the clock was put back meanwhile', () => {
  const look = (): void => {
    expectOk(trail.view('job.get', { jobId: 'j1' }));
  };
  const lookedAt = nowMs;
  look();
  for (const laterMs of [60_000, -60_000, 11 * 60_000, -3_600_000]) {
    nowMs = lookedAt + laterMs;
    look();
  }
  expect(recorded().map(({ atMs }) => atMs - lookedAt)).toEqual([0, 11 * 60_000, -3_600_000]);
});
