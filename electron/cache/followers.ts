import type { Database, Statement } from 'better-sqlite3';
import { decodeDocument } from './document-encoding.ts';

/** The job whose followers are looked for. */
export interface FollowedJob {
  readonly id: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** So many of the jobs that the same user got next are looked at: a retry keeps the user, and comes soon. */
const EXAMINED_MAX = 500;
const FOLLOWERS_MAX = 20;

/** Finds the jobs that name another one in their lineage. Documents are read for it, so the number of them is bounded. */
export class FollowerReader {
  readonly #later: Statement<[string, number], { id: string; document: Buffer }>;

  constructor(db: Database) {
    this.#later = db.prepare(
      `SELECT id, document FROM jobs INDEXED BY jobs_user_created JOIN job_documents USING (num)
       WHERE user = ? AND created_ms >= ? ORDER BY created_ms ASC LIMIT ${EXAMINED_MAX}`,
    );
  }

  /** Their ids, the newest first. */
  followersOf({ id, userId, createdMs }: FollowedJob): readonly string[] {
    const followers: string[] = [];
    for (const row of this.#later.iterate(userId, createdMs)) {
      // Most documents do not hold the id anywhere, and looking for it costs less than decoding them.
      if (row.id === id || !row.document.includes(id)) continue;
      const { lineage } = decodeDocument(row.document);
      if (namesJob(lineage, id)) followers.push(row.id);
    }
    return followers.slice(-FOLLOWERS_MAX).reverse();
  }
}

function namesJob(lineage: unknown, id: string): boolean {
  if (typeof lineage !== 'object' || lineage === null) return false;
  return ('retryOf' in lineage && lineage.retryOf === id) || ('editedFrom' in lineage && lineage.editedFrom === id);
}
