import { Long } from 'bson';
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

interface OpenCursor {
  readonly id: Long;
  readonly namespace: string;
  readonly source: PageSource;
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

  open(namespace: string, source: PageSource, nowMs: number): Long {
    this.#lastId += 1 + Math.floor(nowMs % 7);
    const id = Long.fromNumber(this.#lastId);
    this.#expire(nowMs);
    this.#open.set(id.toString(), { id, namespace, source, lastUsedMs: nowMs });
    return id;
  }

  /** Error: `CursorNotFound`. */
  get(id: Long, namespace: string, nowMs: number): PageSource {
    const cursor = this.#open.get(id.toString());
    if (cursor === undefined) throw new ServerError('CursorNotFound', `cursor id ${id.toString()} not found`);
    if (cursor.namespace !== namespace) {
      throw new ServerError(
        'BadValue',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    cursor.lastUsedMs = nowMs;
    return cursor.source;
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
