import { Binary } from 'bson';
import { userDigest } from '../access/access-control.ts';
import type { AccessName } from '../access/builtin-roles.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { missingField, refuseUnknown } from './field-values.ts';
import { wrongType } from '../semantics/wrong-type.ts';

/** Sessions that were not heard of for this long are forgotten, as MongoDB forgets them. */
const SESSION_AGE_MS_MAX = 30 * 60 * 1000;
const SESSIONS_MAX = 100_000;

/** The logical sessions that clients have used lately. */
export class SessionTable {
  readonly #onEnd: (sessions: ReadonlySet<string>) => void;
  readonly #byId = new Map<string, { readonly id: Binary; readonly uid: Buffer; readonly lastUse: Date }>();

  /** @param onEnd told which sessions are over, by {@link sessionKey} */
  constructor(onEnd: (sessions: ReadonlySet<string>) => void) {
    this.#onEnd = onEnd;
  }

  /** Notes that a command came with this `lsid` from this user, null for nobody. */
  use(lsid: unknown, user: AccessName | null, nowMs: number): void {
    const id = idOf(lsid);
    if (id === null) return;
    const forgotten = new Set<string>();
    // Set anew, so that the map stays in the order of use and the oldest stand in front.
    this.#byId.delete(id.toString('hex'));
    this.#byId.set(id.toString('hex'), { id, uid: userDigest(user), lastUse: new Date(nowMs) });
    for (const [key, session] of this.#byId) {
      const isOld = nowMs - session.lastUse.getTime() > SESSION_AGE_MS_MAX;
      if (!isOld && this.#byId.size <= SESSIONS_MAX) break;
      this.#byId.delete(key);
      forgotten.add(key);
    }
    if (forgotten.size > 0) this.#onEnd(forgotten);
  }

  /** Ends sessions of a user; nobody ends another one's. */
  end(lsids: readonly unknown[], user: AccessName | null): void {
    const ended = new Set<string>();
    const uid = userDigest(user);
    for (const lsid of lsids) {
      const key = sessionKey(lsid);
      if (key === null || this.#byId.get(key)?.uid.equals(uid) !== true) continue;
      this.#byId.delete(key);
      ended.add(key);
    }
    if (ended.size > 0) this.#onEnd(ended);
  }

  /** The sessions of a user, null for nobody, as the stage `$listLocalSessions` tells them. */
  list(user: AccessName | null): readonly Doc[] {
    return [...this.#byId.values()]
      .filter(({ uid }) => uid.equals(userDigest(user)))
      .map(({ id, uid, lastUse }) => ({ _id: { id, uid: new Binary(uid) }, lastUse }));
  }
}

/** What MongoDB takes in the name of a session. */
const LSID_FIELDS: ReadonlySet<string> = new Set(['id', 'uid', 'txnNumber', 'txnUUID']);

/** Refuses the name of a session that is none. Errors: `TypeMismatch`, 40414, 40415. */
export function checkSession({ lsid }: Doc): void {
  if (lsid === undefined) return;
  if (!isDoc(lsid)) throw wrongType('lsid', lsid, 'object');
  refuseUnknown('lsid', lsid, LSID_FIELDS);
  const { id } = lsid;
  if (id === undefined) throw missingField('lsid', 'id');
  if (!(id instanceof Binary) || id.sub_type !== Binary.SUBTYPE_UUID) throw wrongType('lsid.id', id, 'uuid');
}

/** What a session is known by; null where there is none. */
export function sessionKey(lsid: unknown): string | null {
  return idOf(lsid)?.toString('hex') ?? null;
}

function idOf(lsid: unknown): Binary | null {
  const id = isDoc(lsid) ? lsid['id'] : undefined;
  return id instanceof Binary ? id : null;
}
