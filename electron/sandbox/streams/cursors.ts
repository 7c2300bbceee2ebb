import { randomBytes } from 'node:crypto';
import { Long } from 'bson';
import type { Access } from '../access/access-control.ts';
import { isSameName } from '../access/access-store.ts';
import type { AccessName } from '../access/builtin-roles.ts';
import { ServerError } from '../semantics/server-error.ts';
import { storedBytes, type Doc } from '../semantics/values.ts';

/** A page of a cursor. */
export interface CursorPage {
  readonly documents: readonly Doc[];
  readonly isExhausted: boolean;
  /** Only of change streams. */
  readonly resumeToken?: Doc;
}

/** What gives a cursor its pages. */
export interface PageSource {
  readonly isChangeStream: boolean;
  /** True where a page without documents waits for some; no change stream has to say so. */
  readonly awaitsData?: boolean;
  /** @param waitMs how long a tailing source may wait for something new, null for its default */
  next(batchSize: number, waitMs: number | null): CursorPage | Promise<CursorPage>;
  /** Ends whatever waits for a page with `CursorKilled`. */
  close?(): void;
}

/** Whose a cursor is, where clients log in. */
export interface CursorOwner {
  readonly user: AccessName | null;
  /** False once the user may no longer run the command that opened the cursor. */
  readonly isStillAllowed: () => boolean;
}

/** What a cursor is opened with. */
export interface CursorOptions {
  readonly namespace: string;
  readonly source: PageSource;
  /** Null where nobody logs in. */
  readonly owner: CursorOwner | null;
  /** The session that it ends with, as hexadecimal digits; null for a cursor of its own, which ends when it is idle too long. */
  readonly session: string | null;
  /** True where being idle does not end it. */
  readonly isLasting: boolean;
  /** What is left of the time that its command was given, for all pages together; null for no limit. */
  readonly leftMs: number | null;
}

/** A cursor that clients may ask for more. */
export interface OpenCursor extends Omit<CursorOptions, 'leftMs'> {
  readonly id: Long;
  leftMs: number | null;
  lastUsedMs: number;
}

/** Cursors nobody asks of for this long are closed, as on MongoDB. */
const CURSOR_AGE_MS_MAX = 10 * 60 * 1000;
/** Cursors open at once; beyond it the one unused for longest is closed. */
const CURSORS_MAX = 10_000;
/** A page's documents stay below this, so that a reply fits a message. */
export const PAGE_BYTES_MAX = 16 * 1024 * 1024;
/** MongoDB's size of a first page. */
export const FIRST_BATCH = 101;

/** The open cursors of a server. */
export class CursorTable {
  readonly #open = new Map<string, OpenCursor>();

  open(options: CursorOptions, nowMs: number): Long {
    // Ids cannot be told from one another's, as on MongoDB: nobody finds another one's cursor by counting.
    const id = Long.fromBigInt(BigInt.asIntN(63, randomBytes(8).readBigUInt64BE()) || 1n);
    this.#expire(nowMs);
    this.#open.set(id.toString(), { ...options, id, lastUsedMs: nowMs });
    return id;
  }

  /**
   * The cursor that a command goes on with. Errors: `CursorNotFound`; `Unauthorized` for another one's cursor, and for the cursor of another
   * namespace; 50736, 50737 and 50738 for the cursor of another session.
   */
  get(
    id: Long,
    {
      namespace,
      access,
      session,
    }: { readonly namespace: string; readonly access: Access; readonly session: string | null },
    nowMs: number,
  ): OpenCursor {
    this.#expire(nowMs);
    const cursor = this.#open.get(id.toString());
    if (cursor === undefined) throw new ServerError('CursorNotFound', `cursor id ${id.toString()} not found`);
    refuseOthers(cursor, access);
    if (cursor.namespace !== namespace) {
      throw new ServerError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    if (cursor.session !== session) throw ofOtherSession(cursor, session);
    cursor.lastUsedMs = nowMs;
    // Set anew, so that the map stays in the order of use and the idle ones stand in front.
    this.#open.delete(id.toString());
    this.#open.set(id.toString(), cursor);
    return cursor;
  }

  /** True where a client may close the cursor: its own, or any with the privilege for it. */
  mayClose(id: Long, access: Access): boolean {
    const cursor = this.#open.get(id.toString());
    if (cursor === undefined || isOwn(cursor, access) || access.may({ type: 'cluster' }, 'killAnyCursor')) return true;
    const [db = '', ...coll] = cursor.namespace.split('.');
    return access.may({ type: 'namespace', db, coll: coll.join('.') }, 'killAnyCursor');
  }

  /** True for the cursor of a change stream that is still open. */
  isChangeStream(id: Long): boolean {
    return this.#open.get(id.toString())?.source.isChangeStream === true;
  }

  /** @returns false where there was none */
  close(id: Long): boolean {
    this.#open.get(id.toString())?.source.close?.();
    return this.#open.delete(id.toString());
  }

  /** Closes the cursors of sessions that are over. */
  closeSessions(sessions: ReadonlySet<string>): void {
    for (const cursor of this.#open.values())
      if (cursor.session !== null && sessions.has(cursor.session)) this.close(cursor.id);
  }

  closeAll(): void {
    for (const cursor of this.#open.values()) this.close(cursor.id);
  }

  get count(): number {
    return this.#open.size;
  }

  #expire(nowMs: number): void {
    let toClose = this.#open.size - CURSORS_MAX;
    for (const cursor of this.#open.values()) {
      const isIdle = nowMs - cursor.lastUsedMs > CURSOR_AGE_MS_MAX;
      if (!isIdle && toClose <= 0) return;
      // A cursor of a session ends with the session, which is forgotten when nobody uses it.
      if (toClose <= 0 && (cursor.isLasting || cursor.session !== null)) continue;
      this.close(cursor.id);
      toClose -= 1;
    }
  }
}

function isOwn({ owner }: OpenCursor, { user }: Access): boolean {
  if (owner === null) return true;
  return owner.user === null || user === null ? owner.user === user : isSameName(owner.user, user);
}

function refuseOthers(cursor: OpenCursor, access: Access): void {
  if (!isOwn(cursor, access))
    throw new ServerError(
      'Unauthorized',
      `cursor id ${cursor.id.toString()} was not created by the authenticated user`,
    );
  if (cursor.owner?.isStillAllowed() === false)
    throw new ServerError('Unauthorized', `not authorized for getMore with cursor id ${cursor.id.toString()}`);
}

function ofOtherSession({ id, session: own }: OpenCursor, other: string | null): ServerError {
  const cursor = `Cannot run getMore on cursor ${id.toString()}`;
  if (own === null)
    return new ServerError(
      'Location50736',
      `${cursor}, which was not created in a session, in session ${String(other)}`,
    );
  if (other === null)
    return new ServerError('Location50737', `${cursor}, which was created in session ${own}, without an lsid`);
  return new ServerError('Location50738', `${cursor}, which was created in session ${own}, in session ${other}`);
}

/**
 * Pages of anything that can be read through once. As on MongoDB, that a full page was the last one is told with the next.
 * @param endsAt behind so many documents it is known that none follows
 */
export function pagesOf(
  documents: Iterable<Doc>,
  {
    transform,
    endsAt = Infinity,
  }: { readonly transform?: (page: readonly Doc[]) => readonly Doc[]; endsAt?: number } = {},
): PageSource {
  const iterator = documents[Symbol.iterator]();
  // What is wrong with a read is said by the command itself, also where its first page is to be empty.
  let ahead: IteratorResult<Doc, unknown> | null = iterator.next();
  let given = 0;
  return {
    isChangeStream: false,
    close: () => void iterator.return?.(),
    next(batchSize) {
      const page: Doc[] = [];
      let bytes = 0;
      let isExhausted = given >= endsAt;
      while (page.length < batchSize && !isExhausted) {
        ahead ??= iterator.next();
        if (ahead.done === true) {
          isExhausted = true;
          break;
        }
        bytes += storedBytes(ahead.value).length;
        if (page.length > 0 && bytes > PAGE_BYTES_MAX) break;
        page.push(ahead.value);
        ahead = null;
        given += 1;
        isExhausted = given >= endsAt;
      }
      return { documents: transform === undefined ? page : transform(page), isExhausted };
    },
  };
}
