import { flagField } from '../semantics/flags.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';

/**
 * What a statement leaves for its next try is what MongoDB's oplog has of it: whether it inserted (`i`), updated (`u`) or deleted (`d`), the id
 * that an upsert gave, and the document that a `findAndModify` told of. A try that is another command is answered by that, or refused, as
 * `write_ops_retryability.cpp` does.
 */

/** What a statement of `update` leaves that came to this. */
export function leftByUpdate(result: Doc): Doc {
  return Object.hasOwn(result, 'upserted') ? { op: 'i', upserted: result['upserted'] } : { op: 'u' };
}

/** What a `findAndModify` leaves that was answered so. @param image the whole document that it told of, or upserted */
export function leftByModification({ lastErrorObject }: Doc, image: Doc | null): Doc {
  if (!isDoc(lastErrorObject) || lastErrorObject['updatedExisting'] === undefined) return { op: 'd', image };
  return Object.hasOwn(lastErrorObject, 'upserted')
    ? { op: 'i', upserted: lastErrorObject['upserted'], image }
    : { op: 'u', image };
}

/** What a statement of `update` comes to in its next try. Errors: 40638 where it deleted, `NotImplemented` where it inserted and its id is not kept. */
export function updatedAgain(left: Doc): Doc {
  switch (left['op']) {
    case 'i':
      return { n: 1, nModified: 0, upserted: upsertedId(left) };
    case 'd':
      throw new ServerError(
        'Location40638',
        'update retry request is not compatible with previous write in the transaction of type: d',
      );
    default:
      return { n: 1, nModified: 1 };
  }
}

/**
 * What a `findAndModify` answers in its next try: the whole document, whatever fields are asked for. Errors: 40606, 40608 where it is of another
 * kind than what was written; 40607, 40611, 40612 where no document is kept of that; `NotImplemented` where an insert is not kept.
 */
export function modifiedAgain(body: Doc, left: Doc): Doc {
  const { image = null } = left;
  switch (left['op']) {
    case 'i':
      if (!flagField(body, 'upsert')) throw incompatible('Location40608', 'i');
      return {
        lastErrorObject: { n: 1, updatedExisting: false, upserted: upsertedId(left) },
        value: flagField(body, 'new') ? keptOf(image) : null,
      };
    case 'd':
      if (!flagField(body, 'remove')) throw incompatible('Location40606', 'd');
      if (image === null)
        throw new ServerError('Location40607', 'No pre-image available for findAndModify retry request');
      return { lastErrorObject: { n: 1 }, value: image };
    default:
      if (image === null) throw withoutImage(body);
      return { lastErrorObject: { n: 1, updatedExisting: true }, value: image };
  }
}

function incompatible(code: 'Location40606' | 'Location40608', op: string): ServerError {
  return new ServerError(
    code,
    `findAndModify retry request is not compatible with previous write in the transaction of type: ${op}`,
  );
}

function withoutImage(body: Doc): ServerError {
  return flagField(body, 'new')
    ? new ServerError(
        'Location40611',
        'findAndModify retry request wants the document after update returned, but only before update document is stored',
      )
    : new ServerError(
        'Location40612',
        'findAndModify retry request wants the document before update returned, but only after update document is stored',
      );
}

function upsertedId(left: Doc): unknown {
  return Object.hasOwn(left, 'upserted') ? left['upserted'] : keptOf(null);
}

/** Of a thousand documents that were inserted together no ids are kept. */
function keptOf(value: unknown): unknown {
  if (value === null)
    throw new ServerError('NotImplemented', 'The sandbox server has no upsert as the next try of an insert');
  return value;
}
