import type { Database, Statement } from 'better-sqlite3';
import { PolicyReplay, REPLAYED_JOBS_MAX, type Replay } from '#domain/policy-replay.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { WHILE_WANTED } from './interrupt.ts';
import { lastNumOf, secondOf } from './job-table.ts';
import { toCachedDocument } from './parsed-documents.ts';

/** Which jobs a draft of the policy is replayed over. */
export interface ReplayQuery {
  readonly draft: PolicyDraft;
  /** Jobs created from then on, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Replays a draft over the jobs of the copy, one document at a time. */
export class ReplayReader {
  readonly #failed: Statement<[number, number], { document: Buffer }>;

  constructor(db: Database) {
    // Numbers fall with the time of creation. A job of one attempt that did not fail has nothing to tell.
    this.#failed = db.prepare(
      `SELECT document FROM jobs JOIN job_documents USING (num)
       WHERE num <= ? AND (failure_class IS NOT NULL OR attempts > 1) AND ${WHILE_WANTED} ORDER BY num LIMIT +?`,
    );
  }

  /** @returns what was counted; `isCut` where there were more jobs than are read, of which the newest were */
  replay({ draft, sinceMs }: ReplayQuery): Replay & { readonly isCut: boolean } {
    const replay = new PolicyReplay(draft);
    let read = 0;
    for (const { document } of this.#failed.iterate(lastNumOf(secondOf(sinceMs)), REPLAYED_JOBS_MAX + 1)) {
      read += 1;
      if (read > REPLAYED_JOBS_MAX) break;
      const parsed = toCachedDocument(document);
      if (parsed.type === 'job') replay.add(parsed.job);
    }
    return { ...replay.result(), isCut: read > REPLAYED_JOBS_MAX };
  }
}
