import type { Long, Timestamp } from 'bson';
import { NO_CURSOR } from '../deployment.ts';
import { ServerError } from '../semantics/server-error.ts';
import type { Doc } from '../semantics/values.ts';
import { FIRST_BATCH, pagesOf, type CursorOwner, type CursorPage, type PageSource } from '../streams/cursors.ts';
import {
  collectionName,
  cursorId,
  docField,
  numberField,
  wholeField,
  type Command,
  type CommandCall,
} from './command.ts';
import { refuseNegative, refuseUnknown } from './field-values.ts';
import { sessionKey } from './session-table.ts';
import { wrongType } from '../semantics/wrong-type.ts';

/** The first page of a source that may wait for it, as a change stream does, and the cursor for what follows. */
export async function firstPage(
  call: CommandCall,
  namespace: string,
  source: PageSource,
  batchSize: number | undefined,
): Promise<Doc> {
  return cursorReply(call, namespace, source, await source.next(batchSize ?? FIRST_BATCH, 0));
}

function cursorReply(call: CommandCall, namespace: string, source: PageSource, page: CursorPage): { cursor: Doc } {
  const id = page.isExhausted ? NO_CURSOR : openCursor(call, namespace, source);
  return {
    cursor: {
      firstBatch: page.documents,
      id,
      ns: namespace,
      ...(page.resumeToken === undefined ? {} : { postBatchResumeToken: page.resumeToken }),
    },
  };
}

function openCursor(call: CommandCall, namespace: string, source: PageSource): Long {
  const { cursors, deadline, now } = call.deployment;
  const options = {
    namespace,
    source,
    owner: ownerOf(call),
    session: sessionKey(call.body['lsid']),
    isLasting: call.body['noCursorTimeout'] === true,
    leftMs: source.isChangeStream || source.awaitsData === true ? null : deadline.leftMs,
  };
  return cursors.open(options, now());
}

function ownerOf(call: CommandCall): CursorOwner | null {
  const { user, isEnabled } = call.access();
  return isEnabled ? { user, isStillAllowed: () => call.access().allows(call) } : null;
}

/**
 * The first page of a read of plain collections, and the cursor for what follows. At once: a promise would let other commands in between.
 */
export function syncFirstPage(
  call: CommandCall,
  namespace: string,
  source: PageSource,
  batchSize: number | undefined,
  { isSingle, at }: { readonly isSingle: boolean; readonly at: Timestamp | null },
): Doc {
  const page = source.next(batchSize ?? FIRST_BATCH, 0);
  if (page instanceof Promise) throw new ServerError('InternalError', 'a plain read must not wait');
  const reply = cursorReply(call, namespace, source, isSingle ? { ...page, isExhausted: true } : page);
  return at === null ? reply : { cursor: { ...reply.cursor, atClusterTime: at } };
}

/**
 * The reply of a command that lists what is known at once, in pages where its `cursor.batchSize` asks for them. Errors: 40415 for another
 * option of `cursor`, 51024 for a negative size.
 */
export function listReply(call: CommandCall, namespace: string, documents: readonly Doc[]): Doc {
  const cursor = docField(call.body, 'cursor') ?? {};
  checkCursorOption(cursor);
  const source = pagesOf(documents, { endsAt: documents.length });
  const batchSize = wholeField(cursor, 'batchSize') ?? documents.length;
  return syncFirstPage(call, namespace, source, batchSize, { isSingle: false, at: null });
}

const CURSOR_FIELDS: ReadonlySet<string> = new Set(['batchSize']);

/** Holds the option `cursor` of a command to its fields. Errors: 40415 for another one, 51024 for a negative size. */
export function checkCursorOption(cursor: Doc): void {
  refuseUnknown('cursor', cursor, CURSOR_FIELDS);
  refuseNegative('batchSize', cursor['batchSize']);
}

const getMore: Command = {
  writes: false,
  run(call) {
    const { deployment, body } = call;
    const id = cursorId(body['getMore']);
    const namespace = namespaceOf(call);
    const cursor = deployment.cursors.get(
      id,
      { namespace, access: call.access(), session: sessionKey(body['lsid']) },
      deployment.now(),
    );
    const waitMs = numberField(call.body, 'maxTimeMS') ?? null;
    if (waitMs !== null && !cursor.source.isChangeStream && cursor.source.awaitsData !== true)
      throw new ServerError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor');
    const reply = (page: CursorPage): Doc => {
      if (page.isExhausted) deployment.cursors.close(id);
      return {
        cursor: {
          nextBatch: page.documents,
          id: page.isExhausted ? NO_CURSOR : id,
          ns: namespace,
          ...(page.resumeToken === undefined ? {} : { postBatchResumeToken: page.resumeToken }),
        },
      };
    };
    const fail = (cause: unknown): never => {
      // A cursor that failed has lost its place.
      deployment.cursors.close(id);
      throw cause;
    };
    // MongoDB's getMore takes 0 for no limit.
    const batchSize = wholeField(call.body, 'batchSize') || Number.MAX_SAFE_INTEGER;
    try {
      const page = deployment.deadline.within(cursor.leftMs, () => {
        const taken = cursor.source.next(batchSize, waitMs);
        cursor.leftMs = deployment.deadline.leftMs;
        return taken;
      });
      return page instanceof Promise ? page.then(reply).catch(fail) : reply(page);
    } catch (cause) {
      return fail(cause);
    }
  },
};

/** The namespace that a `getMore` names. Errors: `TypeMismatch`, `InvalidNamespace`. */
function namespaceOf({ db, body: { collection } }: CommandCall): string {
  if (typeof collection !== 'string') throw wrongType('getMore.collection', collection, 'string');
  if (collection === '') throw new ServerError('InvalidNamespace', `Invalid namespace for getMore: ${db}.`);
  return `${db}.${collection}`;
}

const killCursors: Command = {
  writes: false,
  run(call) {
    collectionName(call);
    const given = call.body['cursors'];
    if (!Array.isArray(given)) throw wrongType('killCursors.cursors', given, 'array');
    const ids = (given as unknown[]).map(cursorId);
    if (!ids.every((id) => call.deployment.cursors.mayClose(id, call.access())))
      throw new ServerError(
        'Unauthorized',
        `not authorized to kill cursor on ${call.db}.${String(call.body['killCursors'])}`,
      );
    const closed = ids.filter((id) => call.deployment.cursors.close(id));
    return {
      cursorsKilled: closed,
      cursorsNotFound: ids.filter((id) => !closed.includes(id)),
      cursorsAlive: [],
      cursorsUnknown: [],
    };
  },
};

/** Commands about cursors that stand. */
export const CURSOR_COMMANDS = { getMore, killCursors };
