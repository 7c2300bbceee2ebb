import Database from 'better-sqlite3';

/** Takes from a file what version 14 has told of costs that are not known. */
export function withoutUnknownCosts(db: Database.Database): void {
  db.exec(`
    ALTER TABLE jobs DROP COLUMN is_cost_unknown;
    ALTER TABLE owner_totals DROP COLUMN unknown_costs;
  `);
  for (const table of ['health', 'workspace_health', 'workspace_totals', 'workspace_model_totals']) {
    db.exec(`
      ALTER TABLE ${table} DROP COLUMN unknown_costs;
      ALTER TABLE ${table} DROP COLUMN lost_unknown_costs;
    `);
  }
}

/** Gives a file the malformed documents as version 15 had them: one row for a text, whatever the id is. */
function withOneRowForAText(db: Database.Database): void {
  db.exec(`
    CREATE TABLE older (
      part TEXT NOT NULL CHECK (part IN ('jobs','accounts','ledger')),
      id TEXT NOT NULL,
      problems TEXT NOT NULL CHECK (json_valid(problems)),
      document BLOB,
      has_text_id INTEGER NOT NULL CHECK (has_text_id IN (0, 1)),
      seen_ms INTEGER NOT NULL,
      ended_ms INTEGER,
      PRIMARY KEY (part, id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO older SELECT part, id, problems, document, has_text_id, seen_ms, ended_ms FROM malformed;
    DROP TABLE malformed;
    ALTER TABLE older RENAME TO malformed;
    CREATE INDEX malformed_ended ON malformed (ended_ms) WHERE ended_ms IS NOT NULL;
  `);
}

/** Makes of a copy that nobody has open what a program of an older version would have left of the same documents. */
export function makeOlder(file: string, version: 13 | 14): void {
  const db = new Database(file);
  withOneRowForAText(db);
  if (version === 13) withoutUnknownCosts(db);
  db.pragma(`user_version = ${version}`);
  db.close();
}

/** The version that a copy is of. */
export function versionOfCopy(file: string): number {
  const db = new Database(file, { readonly: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  db.close();
  return version;
}
