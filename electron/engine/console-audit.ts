import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { AuditFile } from '#cache/audit-file.ts';
import { AuditBook, type AuditedPerson } from '#console/audit/audit-book.ts';
import type { ConnectionProfile } from '#domain/connection-profile.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { AuditLog } from '#store/audit-log.ts';
import { AuditTrail } from './audit-trail.ts';

/** What the audit of a console is kept with. */
export interface ConsoleAuditOptions {
  /** The file of its chain; absolute. */
  readonly path: string;
  /** The server's part of it; null while there is none, or where it may only be read. */
  readonly server: () => AuditLog | null;
  readonly version: string;
  readonly person: () => AuditedPerson;
  /** Hears of entries that could not be sent; they are sent with the next ones. */
  readonly onUnsent: (error: AppError) => void;
  readonly log: (line: string, cause?: unknown) => void;
}

/** The audit as this machine writes it: its chain, what is asked for, and by which connection somebody attached. */
export class ConsoleAudit {
  readonly file: AuditFile;
  /** Records what windows and commands ask for. */
  readonly trail: AuditTrail;
  readonly #book: AuditBook;
  readonly #person: () => AuditedPerson;

  private constructor(file: AuditFile, { server, version, person, onUnsent, log }: ConsoleAuditOptions) {
    this.file = file;
    this.#book = new AuditBook({ file, log: server, host: hostname(), version, now: Date.now, onUnsent });
    this.trail = new AuditTrail({ book: this.#book, person, now: Date.now, log });
    this.#person = person;
  }

  /** Errors: those of the chain; then nothing that must be recorded may be done. */
  static open(options: ConsoleAuditOptions): Result<ConsoleAudit, AppError> {
    const file = AuditFile.open(options.path, randomUUID);
    return file.ok ? ok(new ConsoleAudit(file.value, options)) : file;
  }

  /**
   * Who attached by which connection stands in the audit of the deployment that was attached to.
   * @param server kind and version, for people
   */
  attached(
    { name, kind, address }: ConnectionProfile,
    how: { readonly isReadOnly: boolean; readonly server: string },
  ): void {
    this.#book.record(this.#person(), {
      action: 'connection.open',
      subject: name,
      outcome: 'done',
      of: null,
      details: { name, kind, address, ...how },
    });
  }

  /** Sends what the server does not have yet. Never rejects. */
  send(): Promise<void> {
    return this.#book.send();
  }

  /** Idempotent. */
  close(): void {
    this.file.close();
  }
}
