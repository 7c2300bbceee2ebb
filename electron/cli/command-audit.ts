import type { AuditedPerson } from '#console/audit/audit-book.ts';
import { explainError, type AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { ConsoleAudit } from '#engine/console-audit.ts';
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
  const audit = ConsoleAudit.open({
    path: dataFilesOf(dataDirOf(null), label.value).auditFile,
    server: () => store.audit,
    version: readVersion(),
    person: () => person,
    onUnsent: (error) =>
      say(`The audit could not be sent to the server and is sent with the next act: ${explainError(error)}`),
    log: say,
  });
  if (!audit.ok) return audit;
  try {
    // A command is gone before it could testify to what it sees of others when it has sent what it did.
    await audit.value.send();
    const begun = audit.value.trail.begin(action, asked);
    if (!begun.ok) return begun;
    const done = await act();
    const notes = done.ok ? notesOf(done.value) : {};
    begun.value.end(done.ok ? 'done' : done.error.code, { by: 'command line', ...notes });
    await audit.value.send();
    return done;
  } finally {
    audit.value.close();
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
