import type { AuditFile } from '#cache/audit-file.ts';
import type { AuditDraft, AuditEntry, ChainHead } from '#domain/audit.ts';
import type { AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Role } from '#domain/people.ts';
import { ok, type Result } from '#domain/result.ts';
import type { AuditLog } from '#store/audit-log.ts';

/** Entries that are sent to the server at once. */
const SENT_AT_ONCE = 500;

/** What a book needs. */
export interface AuditBookParts {
  readonly file: AuditFile;
  /** The server's part of the audit; null while there is none, or where it may only be read. */
  readonly log: () => Pick<AuditLog, 'append' | 'heads'> | null;
  readonly host: string;
  readonly version: string;
  readonly now: () => number;
  /** Hears of entries that could not be sent; they are sent with the next ones. */
  readonly onUnsent: (error: AppError) => void;
}

/** Who acts, and in which role. */
export interface AuditedPerson {
  readonly actor: Actor;
  readonly isVerified: boolean;
  readonly role: Role;
}

/** What happened, before it has a time and a place. */
export interface AuditNote {
  readonly action: string;
  readonly subject: string | null;
  readonly outcome: string;
  /** The number of the entry that this one ends, null where it stands by itself. */
  readonly of: number | null;
  readonly details: AuditEntry['details'];
}

/**
 * Writes the audit: first into this machine's chain, durable before it returns, then to the server, in order and without being
 * waited for. What the server did not get is sent when it is there again.
 */
export class AuditBook {
  readonly #parts: AuditBookParts;
  #sending: Promise<void> | null = null;
  #isMore = false;
  /** The end of another console's chain that was seen last; the next entry testifies to it. */
  #witness: ChainHead | null = null;

  constructor(parts: AuditBookParts) {
    this.#parts = parts;
  }

  /** Appends an entry. Errors: `disk_full`, `audit_unusable`, `timed_out`; then what it tells of must not be done. */
  record(person: AuditedPerson, note: AuditNote): Result<AuditEntry, AppError> {
    const { host, version, now, file } = this.#parts;
    const draft: AuditDraft = { ...person, ...note, host, version, atMs: now(), witness: this.#witness };
    const entry = file.append(draft);
    if (entry.ok) {
      this.#witness = null;
      void this.send();
    }
    return entry;
  }

  /**
   * Sends what the server does not have yet, and looks where other chains end, which the next entry testifies to; called when the server
   * is there, and when it is back. One that is called while another fails is made behind it, because the server may have come back
   * meanwhile. Never rejects.
   */
  send(): Promise<void> {
    this.#isMore = true;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#isMore) {
      this.#isMore = false;
      const sent = await this.#sendSome();
      if (!sent.ok) {
        this.#parts.onUnsent(sent.error);
        continue;
      }
      this.#isMore ||= sent.value;
    }
  }

  /** @returns true where there is more to send */
  async #sendSome(): Promise<Result<boolean, AppError>> {
    const log = this.#parts.log();
    if (log === null) return ok(false);
    const unsent = this.#parts.file.unsent(SENT_AT_ONCE);
    if (!unsent.ok) return unsent;
    const last = unsent.value.at(-1);
    if (last !== undefined) {
      const appended = await log.append(unsent.value);
      if (!appended.ok) return appended;
      const marked = this.#parts.file.markSent(last.seq);
      if (!marked.ok) return marked;
    }
    const heads = await log.heads();
    if (!heads.ok) return heads;
    this.#witness = heads.value.find((head) => head.chainId !== this.#parts.file.chainId) ?? null;
    return ok(unsent.value.length === SENT_AT_ONCE);
  }
}
