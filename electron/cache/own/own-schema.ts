/** Marks a SQLite file as a person's own of Runledger (`RLOW`). */
export const OWN_APPLICATION_ID = 0x524c4f57;

/**
 * The migrations in order; each raises the version by one, and none may lose what a person made. Bodies are JSON: what is in them
 * is the contract's affair, and a body that fits no schema any more is left alone.
 */
export const OWN_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records (
    kind TEXT NOT NULL CHECK (length(kind) > 0),
    -- The deployment and database that it belongs to; empty where it belongs to all.
    source TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) > 0),
    body TEXT NOT NULL CHECK (json_valid(body)),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, source, id)
  ) STRICT, WITHOUT ROWID;
  `,
];
