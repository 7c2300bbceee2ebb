import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { AuditFile } from '#cache/audit-file.ts';
import { AuditBook, type AuditedPerson } from '#console/audit/audit-book.ts';
import { explainError, type AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { AuditTrail } from '#engine/audit-trail.ts';
import { dataFilesOf } from '#engine/data-files.ts';
import type { Store } from '#store/connection.ts';
import { labelOf } from '#store/server-address.ts';
import { dataDirOf } from './data-dir.ts';
import { readVersion } from './version.ts';

/** What a command does, as the audit keeps it. */
export interface AuditedCommand {
  /** The request of a window that does the same, or a name of the command's own. */
  readonly action: string;
  /** What was asked for; texts of customers stand as hashes. */
  readonly asked: Readonly<Record<string, unknown>>;
}

/**
 * Does something that the audit has to know of, and records it as a window's act is: in the chain of this machine's console before it is
 * begun, and how it ended; then on the server. Errors: those of the chain, and then nothing was done.
 * @param notesOf what is kept of before and after
 */
export async function doRecorded<Value>(
  { uri, db }: { readonly uri: string; readonly db?: string },
  { store, person }: { readonly store: Store; readonly person: AuditedPerson },
  { action, asked }: AuditedCommand,
  act: () => Promise<Result<Value, AppError>>,
  notesOf: (done: Value) => Readonly<Record<string, unknown>>,
): Promise<Result<Value, AppError>> {
  const label = labelOf(uri, db ?? null);
  if (!label.ok) return label;
  const file = AuditFile.open(dataFilesOf(dataDirOf(null), label.value).auditFile, randomUUID);
  if (!file.ok) return file;
  try {
    const book = new AuditBook({
      file: file.value,
      log: () => store.audit,
      host: hostname(),
      version: readVersion(),
      now: Date.now,
      onUnsent: (error) =>
        say(`The audit could not be sent to the server and is sent with the next act: ${explainError(error)}`),
    });
    // A command is gone before it could testify to what it sees of others when it has sent what it did.
    await book.send();
    const trail = new AuditTrail({ book, person: () => person, now: Date.now, log: say });
    const begun = trail.begin(action, asked);
    if (!begun.ok) return begun;
    const done = await act();
    begun.value.end(done.ok ? 'done' : done.error.code, {
      by: 'command line',
      ...(done.ok ? notesOf(done.value) : {}),
    });
    await book.send();
    return done;
  } finally {
    file.value.close();
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
