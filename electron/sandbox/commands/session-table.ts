import { createHash } from 'node:crypto';
import { Binary } from 'bson';
import { isDoc, type Doc } from '../semantics/values.ts';

/** Sessions that were not heard of for this long are forgotten, as MongoDB forgets them. */
const SESSION_AGE_MS_MAX = 30 * 60 * 1000;
const SESSIONS_MAX = 100_000;
/** Whom a session belongs to where nobody logs in: MongoDB's digest of no name. */
const NOBODY = createHash('sha256').update('').digest();

/** The logical sessions that clients have used lately. */
export class SessionTable {
  readonly #byId = new Map<string, { readonly id: Binary; readonly lastUse: Date }>();

  /** Notes that a command came with this `lsid`. */
  use(lsid: unknown, nowMs: number): void {
    const id = idOf(lsid);
    if (id === null) return;
    // Set anew, so that the map stays in the order of use and the oldest stand in front.
    this.#byId.delete(id.toString('hex'));
    this.#byId.set(id.toString('hex'), { id, lastUse: new Date(nowMs) });
    for (const [key, session] of this.#byId) {
      const isOld = nowMs - session.lastUse.getTime() > SESSION_AGE_MS_MAX;
      if (!isOld && this.#byId.size <= SESSIONS_MAX) break;
      this.#byId.delete(key);
    }
  }

  end(lsid: unknown): void {
    const id = idOf(lsid);
    if (id !== null) this.#byId.delete(id.toString('hex'));
  }

  /** As the stage `$listLocalSessions` tells them. */
  list(): readonly Doc[] {
    return [...this.#byId.values()].map(({ id, lastUse }) => ({ _id: { id, uid: new Binary(NOBODY) }, lastUse }));
  }
}

function idOf(lsid: unknown): Binary | null {
  const id = isDoc(lsid) ? lsid['id'] : undefined;
  return id instanceof Binary ? id : null;
}
