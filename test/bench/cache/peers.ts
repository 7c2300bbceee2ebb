import Database from 'better-sqlite3';
import type { Db } from 'mongodb';
import { CACHED_PARTS } from '#cache/changes.ts';
import { COLLECTION_NAMES } from '#store/collections.ts';
import { encodeDocument } from '#cache/document-encoding.ts';

/** The limit: cursors of the bare driver over all collections side by side that only count. */
export async function countByCursor(db: Db): Promise<number> {
  const counts = await Promise.all(
    CACHED_PARTS.map(async (part) => {
      let count = 0;
      const cursor = db.collection(COLLECTION_NAMES[part]).find({}, { batchSize: 1000 });
      for await (const document of cursor) if (document._id !== undefined) count += 1;
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The peer: everything into an array, and then row by row into a table with the document and an index. */
export async function copyRowByRow(db: Db, file: string): Promise<number> {
  const sqlite = new Database(file);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = NORMAL');
  let rows = 0;
  for (const part of CACHED_PARTS) {
    sqlite.exec(`CREATE TABLE ${part} (id TEXT PRIMARY KEY, at_ms INTEGER, workspace TEXT, document BLOB);
      CREATE INDEX ${part}_at ON ${part} (at_ms, id); CREATE INDEX ${part}_workspace ON ${part} (workspace, at_ms);`);
    const insert = sqlite.prepare(`INSERT INTO ${part} VALUES (?, ?, ?, ?)`);
    for (const document of await db.collection(COLLECTION_NAMES[part]).find().toArray()) {
      const at: unknown = document['createdAt'] ?? document['at'];
      const workspace: unknown = document['workspaceId'];
      insert.run(
        String(document._id),
        at instanceof Date ? at.getTime() : null,
        typeof workspace === 'string' ? workspace : null,
        encodeDocument(document),
      );
      rows += 1;
    }
  }
  sqlite.close();
  return rows;
}
