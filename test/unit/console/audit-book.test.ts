import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AuditFile } from '#cache/audit-file.ts';
import { AuditBook } from '#console/audit/audit-book.ts';
import type { AuditEntry } from '#domain/audit.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';

let folder: string;
let file: AuditFile;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-audit-book-'));
  file = expectOk(AuditFile.open(path.join(folder, 'audit.sqlite'), () => 'chain'));
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

it('what is sent as the server comes back is sent, also where an attempt of the outage ends behind that', async () => {
  const received: number[] = [];
  const outage = Promise.withResolvers<Result<void, AppError>>();
  const answers = [() => outage.promise];
  const append = async (entries: readonly AuditEntry[]): Promise<Result<void, AppError>> => {
    const answer = answers.shift();
    if (answer !== undefined) return answer();
    received.push(...entries.map(({ seq }) => seq));
    return ok(undefined);
  };
  const log = { append, heads: async () => ok([]) };
  const unsent: string[] = [];
  const onUnsent = ({ code }: AppError): void => void unsent.push(code);
  const book = new AuditBook({ file, log: () => log, host: 'here', version: '1', now: () => 0, onUnsent });
  const person = { actor: { type: 'user', id: 'ann' }, isVerified: false, role: 'founder' } as const;
  expectOk(book.record(person, { action: 'job.get', subject: 'j1', outcome: 'ok', of: null, details: {} }));
  const sent = book.send();
  outage.resolve(err(appError('server_unreachable')));
  await sent;
  expect(unsent).toEqual(['server_unreachable']);
  expect(received).toEqual([1]);
});
