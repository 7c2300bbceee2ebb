import { Long } from 'bson';
import type { Access } from '../access/access-control.ts';
import { isSameName } from '../access/access-store.ts';
import type { AccessName } from '../access/builtin-roles.ts';
import { ServerError } from '../semantics/server-error.ts';
import { encode, type Doc } from '../semantics/values.ts';

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
  /** @param waitMs how long a tailing source may wait for something new, null for its default */
  next(batchSize: number, waitMs: number | null): CursorPage | Promise<CursorPage>;
}

/** Whose a cursor is, where clients log in. */
export interface CursorOwner {
  readonly user: AccessName | null;
  /** False once the user may no longer run the command that opened the cursor. */
  readonly isStillAllowed: () => boolean;
}

interface OpenCursor {
  readonly id: Long;
  readonly namespace: string;
  readonly source: PageSource;
  readonly owner: CursorOwner | null;
  lastUsedMs: number;
}

/** Cursors nobody asks of for this long are closed, as on MongoDB. */
const CURSOR_AGE_MS_MAX = 10 * 60 * 1000;
/** Cursors open at once; beyond it the one unused for longest is closed. */
const CURSORS_MAX = 10_000;
/** A page's documents stay below this, so that a reply fits a message. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
/** MongoDB's size of a first page. */
export const FIRST_BATCH = 101;

/** The open cursors of a server. */
export class CursorTable {
  readonly #open = new Map<string, OpenCursor>();
  #lastId = 1_000_000;

  /** @param owner null where nobody logs in */
  open(namespace: string, source: PageSource, nowMs: number, owner: CursorOwner | null): Long {
    this.#lastId += 1 + Math.floor(nowMs % 7);
    const id = Long.fromNumber(this.#lastId);
    this.#expire(nowMs);
    this.#open.set(id.toString(), { id, namespace, source, owner, lastUsedMs: nowMs });
    return id;
  }

  /** Errors: `CursorNotFound`; `Unauthorized` for another one's cursor, and for the cursor of another namespace. */
  get(id: Long, namespace: string, nowMs: number, access: Access): PageSource {
    const cursor = this.#open.get(id.toString());
    if (cursor === undefined) throw new ServerError('CursorNotFound', `cursor id ${id.toString()} not found`);
    refuseOthers(cursor, access);
    if (cursor.namespace !== namespace) {
      throw new ServerError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    cursor.lastUsedMs = nowMs;
    return cursor.source;
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
    return this.#open.delete(id.toString());
  }

  closeAll(): void {
    this.#open.clear();
  }

  get count(): number {
    return this.#open.size;
  }

  #expire(nowMs: number): void {
    for (const [key, cursor] of this.#open) {
      if (nowMs - cursor.lastUsedMs > CURSOR_AGE_MS_MAX) this.#open.delete(key);
    }
    if (this.#open.size < CURSORS_MAX) return;
    const oldest = [...this.#open].sort(([, left], [, right]) => left.lastUsedMs - right.lastUsedMs)[0];
    if (oldest !== undefined) this.#open.delete(oldest[0]);
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

/** Pages of anything that can be read through once. */
export function pagesOf(documents: Iterable<Doc>, transform: (page: readonly Doc[]) => readonly Doc[]): PageSource {
  const iterator = documents[Symbol.iterator]();
  let ahead = iterator.next();
  return {
    isChangeStream: false,
    next(batchSize) {
      const page: Doc[] = [];
      let bytes = 0;
      while (ahead.done !== true && page.length < batchSize) {
        bytes += encode(ahead.value).length;
        if (page.length > 0 && bytes > PAGE_BYTES_MAX) break;
        page.push(ahead.value);
        ahead = iterator.next();
      }
      return { documents: transform(page), isExhausted: ahead.done === true };
    },
  };
}
