import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AuditFile } from '#cache/audit-file.ts';
import { accessOf } from '#domain/people.ts';
import { ok } from '#domain/result.ts';
import { auditHandlers } from '#engine/handlers/audit-handlers.ts';
import type { Asking } from '#engine/handlers/handler.ts';
import type { AuditLog } from '#store/audit-log.ts';
import { expectOk } from '../../support/expect-ok.ts';

let folder: string;
let file: AuditFile;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-audit-pages-'));
  file = expectOk(AuditFile.open(path.join(folder, 'audit.sqlite'), () => 'chain'));
  for (let n = 1; n <= 3; n += 1) {
    expectOk(
      file.append({
        atMs: n,
        actor: { type: 'user', id: 'ann' },
        isVerified: false,
        role: 'founder',
        host: 'here',
        version: '0.1.0',
        action: 'job.get',
        subject: `j${n}`,
        outcome: 'done',
        of: null,
        details: {},
        witness: null,
      }),
    );
  }
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

const asking: Asking = {
  actor: { type: 'user', id: 'ann' },
  signal: new AbortController().signal,
  access: accessOf({ role: 'founder', isReadOnly: false }),
  note: () => undefined,
};

function pageOf(log: AuditLog | null, cursor: string | null) {
  const filter = { actorId: null, action: null, subject: null };
  const place = { direction: 'descending', startAtMs: null } as const;
  return auditHandlers(file, () => log)['audit.page']({ ...place, filter, cursor, limit: 2 }, asking);
}

it('a page of the server’s audit has no next one here while the server is away, and does not look like the last', async () => {
  expect(await pageOf(null, '2026-11-30T10:00:00.000Z/chain/2')).toMatchObject({
    ok: false,
    error: { code: 'server_unreachable' },
  });
});

it('a list of what this console wrote goes on as that when the server is back', async () => {
  const empty = { page: () => Promise.resolve(ok([])) } as unknown as AuditLog;
  const first = expectOk(await pageOf(null, null));
  expect(first.rows.map(({ id }) => id)).toEqual(['3', '2']);
  expect(expectOk(await pageOf(empty, first.nextCursor))).toMatchObject({ rows: [{ id: '1' }], isWhole: false });
});
