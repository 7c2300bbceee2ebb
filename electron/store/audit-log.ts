import type { Collection, Db } from 'mongodb';
import { auditEntrySchema, chainHeadSchema, type AuditEntry, type AuditFilter, type ChainHead } from '#domain/audit.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, DUPLICATE_KEY, isOnlyDuplicateKeys } from './driver-errors.ts';

/** Entries written or read at once. */
const BATCH = 500;

/** A document of `console_audit`: an entry, or something that is none. */
export type AuditDocument = { readonly id: string; readonly entry: AuditEntry | null };

/** Where a page of the audit begins, and which way it goes. */
export interface AuditPlace {
  readonly direction: 'ascending' | 'descending';
  /** From this time on, included, in milliseconds since 1970; null from the end of the list. */
  readonly startAtMs: number | null;
  /** The id of the last entry that was read; null for the first page. */
  readonly cursor: string | null;
}

/**
 * The audit of all consoles of a deployment (`console_audit`), append-only, and the ends of their chains
 * (`console_audit_heads`). Ids begin with the time, so that reading by id is reading by time without another index.
 */
export class AuditLog {
  readonly #entries: Collection<RawDocument>;
  readonly #heads: Collection<RawDocument>;

  constructor(db: Db) {
    this.#entries = db.collection<RawDocument>('console_audit', DURABLE);
    this.#heads = db.collection<RawDocument>('console_audit_heads', DURABLE);
  }

  /** Appends entries of one chain, in order; what stands already is left as it is. Safe to repeat. */
  async append(entries: readonly AuditEntry[]): Promise<Result<void, AppError>> {
    const last = entries.at(-1);
    if (last === undefined) return ok(undefined);
    const inserted = await attemptCall(async () => {
      try {
        const documents = entries.map((entry) => ({ _id: idOf(entry), ...entry }));
        await this.#entries.insertMany(documents, { ordered: false });
      } catch (cause) {
        if (!isOnlyDuplicateKeys(cause)) throw cause;
      }
    });
    if (!inserted.ok) return inserted;
    const { chainId, seq, hash, atMs } = last;
    const written = await attemptCall(() => this.#raiseHead(chainId, seq, { hash, atMs }));
    return written.ok ? ok(undefined) : written;
  }

  /** A head only ever moves on. Where a later one stands, the upsert meets its key and nothing is written. */
  async #raiseHead(chainId: string, seq: number, rest: object): Promise<void> {
    try {
      await this.#heads.updateOne(
        { _id: chainId, seq: { $lt: seq } },
        { $set: { chainId, seq, ...rest } },
        { upsert: true },
      );
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === DUPLICATE_KEY)) throw cause;
    }
  }

  /** The ends of all chains, the one that moved last first. */
  async heads(): Promise<Result<readonly ChainHead[], AppError>> {
    const found = await attemptCall(() => this.#heads.find().sort({ atMs: -1 }).limit(BATCH).toArray());
    if (!found.ok) return found;
    return ok(found.value.flatMap((document) => safeParse(chainHeadSchema, document).data ?? []));
  }

  /** Entries in the order of their time. Errors: those of the server. */
  async page(
    filter: AuditFilter,
    place: AuditPlace,
    limit: number,
  ): Promise<Result<readonly AuditDocument[], AppError>> {
    const found = await attemptCall(() =>
      this.#entries
        .find({
          ...idsFrom(place),
          ...(filter.actorId === null ? {} : { 'actor.id': filter.actorId }),
          ...(filter.action === null ? {} : { action: filter.action }),
          ...(filter.subject === null ? {} : { subject: filter.subject }),
        })
        .sort({ _id: place.direction === 'descending' ? -1 : 1 })
        .limit(limit)
        .toArray(),
    );
    return found.ok ? ok(found.value.map(toAuditDocument)) : found;
  }

  /** Every entry by chain and number. Throws the driver's error when the server goes away. */
  iterate(signal?: AbortSignal): AsyncIterable<AuditDocument> {
    return this.#iterate({}, signal);
  }

  /** What a chain goes on with behind a number. Throws as {@link iterate}. */
  iterateBehind(chainId: string, seq: number, signal?: AbortSignal): AsyncIterable<AuditDocument> {
    return this.#iterate({ chainId, seq: { $gt: seq } }, signal);
  }

  async *#iterate(filter: object, signal: AbortSignal | undefined): AsyncIterable<AuditDocument> {
    const cursor = this.#entries.find(filter, { batchSize: BATCH, allowDiskUse: true }).sort({ chainId: 1, seq: 1 });
    try {
      for await (const document of cursor) {
        if (signal?.aborted === true) return;
        yield toAuditDocument(document);
      }
    } finally {
      await cursor.close();
    }
  }
}

/** What of the ids is behind a place; they begin with the time. */
function idsFrom({ direction, startAtMs, cursor }: AuditPlace): object {
  const isDescending = direction === 'descending';
  // The time itself is included, and every id of a time is behind the time as text.
  const start = startAtMs === null ? null : new Date(isDescending ? startAtMs + 1 : startAtMs).toISOString();
  const behind = cursor ?? start;
  if (behind === null) return {};
  return { _id: isDescending ? { $lt: behind } : { $gt: behind } };
}

function idOf({ atMs, chainId, seq }: AuditEntry): string {
  return `${new Date(atMs).toISOString()}/${chainId}/${seq}`;
}

function toAuditDocument(document: RawDocument): AuditDocument {
  const { _id: id, ...rest } = document;
  const parsed = safeParse(auditEntrySchema.strict(), rest);
  // An id that does not belong to its entry was put there by somebody else.
  return { id, entry: parsed.success && idOf(parsed.data) === id ? parsed.data : null };
}
