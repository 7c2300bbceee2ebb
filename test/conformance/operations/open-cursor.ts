import { AbstractCursor, ChangeStream } from 'mongodb';
import type { OpenedCursor } from '../entities.ts';
import type { Arguments } from './arguments.ts';

/** How long a cursor may give neither document nor error. */
const SILENT_MS_MAX = 15_000;

/** Sends the command that opens a cursor now: the driver would send it with the first read only, too late for most tests. */
export async function opened<Cursor extends OpenedCursor>(cursor: Cursor): Promise<Cursor> {
  const inner: unknown = cursor instanceof ChangeStream ? Reflect.get(cursor, 'cursor') : cursor;
  const open: unknown = inner instanceof AbstractCursor ? Reflect.get(inner, 'cursorInit') : undefined;
  if (typeof open !== 'function') throw new Error('the driver opens its cursors in another way than this runner knows');
  await Reflect.apply(open, inner, []);
  return cursor;
}

/** Operations on a cursor or a change stream. */
export const CURSOR_OPERATIONS: Readonly<Record<string, (target: OpenedCursor, given: Arguments) => Promise<unknown>>> =
  {
    iterateUntilDocumentOrError: async (cursor) => {
      const deadline = performance.now() + SILENT_MS_MAX;
      while (performance.now() < deadline) {
        const document: unknown = await cursor.tryNext();
        if (document !== null) return document;
        if (cursor.closed) throw new Error('the cursor ended without a document');
      }
      throw new Error(`the cursor gave neither document nor error in ${SILENT_MS_MAX} ms`);
    },
    iterateOnce: async (cursor): Promise<unknown> => cursor.tryNext(),
    close: async (cursor) => cursor.close(),
  };
