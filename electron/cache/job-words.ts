import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import { decode, decodeDocument } from './document-encoding.ts';

const wordsSchema = z.object({
  input: z.object({ prompt: z.string(), options: z.record(z.string(), z.unknown()) }),
  failure: z.object({ message: z.string() }).nullable(),
});

/** The texts of a job of which a list shows the beginning: what it was asked for, whole, and the message of its failure. */
export interface JobWords extends z.infer<typeof wordsSchema> {
  readonly id: string;
}

/** Reads the texts of many jobs at once. Only what parsed as a job has a row here, so what does not read as one is damage, and throws. */
export class JobWordsReader {
  readonly #document: Statement<[string], { document: Buffer }>;

  constructor(db: Database) {
    this.#document = db.prepare('SELECT document FROM jobs JOIN job_documents USING (num) WHERE id = ?');
  }

  /** The jobs of these ids that the copy has, in the order of the ids. */
  read(ids: readonly string[]): readonly JobWords[] {
    return ids.flatMap((id) => {
      const found = this.#document.get(id);
      if (found === undefined) return [];
      return [{ id, ...decode(() => wordsSchema.parse(decodeDocument(found.document))) }];
    });
  }
}
