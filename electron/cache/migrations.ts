import type { Database } from 'better-sqlite3';
import { endedMsOf } from './copy-scope.ts';
import { decodeDocument } from './document-encoding.ts';
import { HEALTH_COLUMNS, TABLES_SQL } from './schema.ts';
import { fillUnknownCosts } from './unknown-costs.ts';
import { tellUpgrade, type UpgradeWatch } from './upgrade-watch.ts';
import { fillWorkspaceTotals, TOTALS_TABLES } from './workspace-totals.ts';

/** In order; each raises the schema's version by one. What needs more than SQL is a function, and tells how many jobs it has read where it reads all. */
const MIGRATIONS: readonly (string | ((db: Database, tell: (jobsRead: number) => void) => void))[] = [
  TABLES_SQL,
  `
  -- Which documents changed, in order, so that reconciliation reads only those; see book-log.ts.
  CREATE TABLE book_changes (
    seq INTEGER PRIMARY KEY,
    part TEXT NOT NULL CHECK (part IN ('jobs','accounts','ledger')),
    id TEXT NOT NULL,
    -- Of an entry that changed or went: the generation that it belonged to.
    generation TEXT
  ) STRICT;
  CREATE TABLE book_log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Differs for each file.
    epoch TEXT NOT NULL,
    is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
    -- Everything behind this number stands.
    oldest_seq INTEGER NOT NULL
  ) STRICT;
  INSERT INTO book_log SELECT 1, lower(hex(randomblob(16))), is_complete, 0 FROM standing;
  `,
  `
  -- With the kind, which is most often asked for beside the class: it is then asked of the index and not of a row on a page of its own.
  DROP INDEX jobs_class_created;
  CREATE INDEX jobs_class_created ON jobs (failure_class, created_ms DESC, id DESC, kind) WHERE failure_class IS NOT NULL;
  DROP INDEX jobs_code_created;
  CREATE INDEX jobs_code_created ON jobs (failure_code, created_ms DESC, id DESC, kind) WHERE failure_code IS NOT NULL;
  -- Sums of many days come from it in the order of their groups, so that nothing has to be sorted.
  CREATE INDEX failure_days_cause ON failure_days (fingerprint, workspace, day, failed, retrying, credits);
  `,
  `
  -- All of a workspace in buckets of weeks: what health of months by workspace is summed up from.
  CREATE TABLE workspace_totals (
    grain INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    ${HEALTH_COLUMNS},
    PRIMARY KEY (grain, bucket, workspace)
  ) STRICT, WITHOUT ROWID;
  -- How older programs marked a file that was closed.
  DROP TABLE IF EXISTS closed;
  `,
  `
  -- Failures of a cause in each hour and each day: the points of its chart.
  CREATE TABLE failure_points (
    -- Seconds of a bucket, and how many of them since 1970.
    grain INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    jobs INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (grain, bucket, fingerprint)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO failure_points SELECT 3600, hour, fingerprint, jobs FROM failure_hours;
  INSERT INTO failure_points
    SELECT 86400, day, fingerprint, sum(failed + retrying) FROM failure_days GROUP BY day, fingerprint;
  DROP TABLE failure_hours;
  `,
  `
  -- The same of each kind, provider and model: what health by workspace is summed up from where it is of some of these alone.
  CREATE TABLE workspace_model_totals (
    grain INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    ${HEALTH_COLUMNS},
    PRIMARY KEY (grain, bucket, workspace, kind, provider, model)
  ) STRICT, WITHOUT ROWID;
  `,
  (db) => {
    db.exec(`
  -- When a job at its end changed last, which a window asks of documents that are not kept too.
  ALTER TABLE malformed ADD COLUMN ended_ms INTEGER;
  CREATE INDEX malformed_ended ON malformed (ended_ms) WHERE ended_ms IS NOT NULL;
    `);
    fillEndedMs(db);
  },
  (db, tell) => {
    db.exec(`
  -- Jobs that cost more at the provider than is known: a sum of costs alone says nothing was spent where nobody knows.
  ALTER TABLE jobs ADD COLUMN is_cost_unknown INTEGER NOT NULL DEFAULT 0 CHECK (is_cost_unknown IN (0, 1));
  ALTER TABLE owner_totals ADD COLUMN unknown_costs INTEGER NOT NULL DEFAULT 0 CHECK (unknown_costs >= 0);
    `);
    for (const table of ['health', 'workspace_health', ...TOTALS_TABLES]) {
      db.exec(`
  ALTER TABLE ${table} ADD COLUMN unknown_costs INTEGER NOT NULL DEFAULT 0 CHECK (unknown_costs >= 0);
  ALTER TABLE ${table} ADD COLUMN lost_unknown_costs INTEGER NOT NULL DEFAULT 0 CHECK (lost_unknown_costs >= 0);
      `);
    }
    // In a file from before the totals these are as empty as they were made above.
    for (const table of TOTALS_TABLES) if (isEmpty(db, table)) fillWorkspaceTotals(db, table);
    fillUnknownCosts(db, tell);
  },
  `
  -- Older programs kept words of prompts in fingerprints of failures, and fields that are none of a job.
  UPDATE standing SET is_wiping = 1 WHERE keeps_prompts = 0;
  `,
  `
  -- An id that is no text may be told by the text of another document's: each has a row of its own.
  CREATE TABLE malformed_by_id (
    part TEXT NOT NULL CHECK (part IN ('jobs','accounts','ledger')),
    id TEXT NOT NULL,
    problems TEXT NOT NULL CHECK (json_valid(problems)),
    document BLOB,
    -- 0 where the id is no text: such an id is in no range of ids.
    has_text_id INTEGER NOT NULL CHECK (has_text_id IN (0, 1)),
    seen_ms INTEGER NOT NULL,
    -- Of a job at its end: when it changed last.
    ended_ms INTEGER,
    PRIMARY KEY (part, id, has_text_id)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO malformed_by_id SELECT part, id, problems, document, has_text_id, seen_ms, ended_ms FROM malformed;
  DROP TABLE malformed;
  ALTER TABLE malformed_by_id RENAME TO malformed;
  CREATE INDEX malformed_ended ON malformed (ended_ms) WHERE ended_ms IS NOT NULL;
  `,
];

function isEmpty(db: Database, table: string): boolean {
  return db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined;
}

function fillEndedMs(db: Database): void {
  const set = db.prepare<[number | null, string]>("UPDATE malformed SET ended_ms = ? WHERE part = 'jobs' AND id = ?");
  const ids = db.prepare<[], string>("SELECT id FROM malformed WHERE part = 'jobs' AND document IS NOT NULL").pluck();
  // One by one: all of them may be more than a process can hold.
  const one = db.prepare<[string], Buffer>("SELECT document FROM malformed WHERE part = 'jobs' AND id = ?").pluck();
  for (const id of ids.all()) set.run(endedMsOf(decodeDocument(one.get(id) ?? new Uint8Array())), id);
}

/** The version that the first migration makes. Older files are set aside: filling a new one is quicker than turning them round. */
export const OLDEST_VERSION = 7;

/** The schema's version that this program writes. */
export const SCHEMA_VERSION = OLDEST_VERSION + MIGRATIONS.length - 1;

/** Brings a file from one version, 0 where it is new, to another. Belongs into a transaction. Throws what the watch throws. */
export function migrate(db: Database, from: number, to = SCHEMA_VERSION, watch: UpgradeWatch = {}): void {
  const done = from === 0 ? 0 : from - OLDEST_VERSION + 1;
  const jobs = from === 0 ? 0 : jobsIn(db);
  let read = 0;
  const tell = (jobsRead: number): void => {
    read = jobsRead;
    tellUpgrade(watch, jobsRead, jobs);
  };
  for (const migration of MIGRATIONS.slice(done, to - OLDEST_VERSION + 1)) {
    tell(read);
    if (typeof migration === 'string') db.exec(migration);
    else migration(db, tell);
  }
}

function jobsIn(db: Database): number {
  return db.prepare<[], number>('SELECT coalesce(sum(jobs), 0) FROM job_counts').pluck().get() ?? 0;
}
