import { jobStateSchema } from '#domain/job.ts';

/** Marks a SQLite file as an offline copy of Runledger (`RLCP`), so that a foreign file is recognised before it is touched. */
export const APPLICATION_ID = 0x524c4350;

const STATES = jobStateSchema.options;

/** The figures of a bucket and its histograms of durations; see domain/health. */
export const HEALTH_COLUMNS = `
    arrived INTEGER NOT NULL CHECK (arrived >= 0),
    started INTEGER NOT NULL CHECK (started >= 0),
    completed INTEGER NOT NULL CHECK (completed >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    failed_by_customer INTEGER NOT NULL CHECK (failed_by_customer >= 0),
    cancelled INTEGER NOT NULL CHECK (cancelled >= 0),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    earned INTEGER NOT NULL,
    lost INTEGER NOT NULL CHECK (lost >= 0),
    cost INTEGER NOT NULL CHECK (cost >= 0),
    lost_cost INTEGER NOT NULL CHECK (lost_cost >= 0),
    queue_times BLOB NOT NULL,
    finish_times BLOB NOT NULL`;

/** Beginnings of words up to this length have an index, in characters. */
export const INDEXED_BEGINNING_MAX = 7;

/**
 * The search index. Without an index of its own a beginning is looked up by merging every word that has it, hit by hit: the word
 * that is being typed is such a beginning in every search.
 */
export const JOBS_TEXT_SQL = `
  CREATE VIRTUAL TABLE jobs_text USING fts5 (
    prompt, error, ids, user, output,
    content='', contentless_delete=1, prefix='2 3 4 5 6 ${INDEXED_BEGINNING_MAX}', tokenize="unicode61 remove_diacritics 2"
  );`;

/**
 * The tables of the first version. They are STRICT and repeat the domain's rules as constraints, so that a row that breaks them is
 * refused here too.
 *
 * `jobs.num` falls with the time of creation (seconds before 2106 times 2^21, and a counter): full-text hits come in the
 * order of that number, which makes the newest hits of a common word cheap. It falls, and the indexes on time and id descend,
 * because a snapshot brings the newest first: so its rows are appended to every tree, which is several times faster and leaves
 * no half-empty pages, and FTS5 gathers its rows in memory only while their numbers grow.
 */
export const TABLES_SQL = `
  CREATE TABLE jobs (
    num INTEGER PRIMARY KEY,
    id TEXT NOT NULL CHECK (length(id) > 0),
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued','running','validating','completed','failed','retrying')),
    workspace TEXT NOT NULL,
    user TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    max_attempts INTEGER NOT NULL CHECK (max_attempts >= 0),
    price INTEGER NOT NULL CHECK (price >= 0),
    charge_status TEXT NOT NULL
      CHECK (charge_status IN ('not_charged','reserved','charged','refunded','unknown')),
    is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)),
    failure_class TEXT,
    failure_code TEXT,
    failure_message TEXT,
    progress_fraction REAL CHECK (progress_fraction BETWEEN 0 AND 1),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    state_since_ms INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 0),
    text_hash TEXT NOT NULL,
    prompt_start TEXT NOT NULL,
    -- What health is computed from; see domain/health/health-facts.ts.
    started_ms INTEGER,
    ended_ms INTEGER,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    earned INTEGER NOT NULL,
    cost INTEGER NOT NULL CHECK (cost >= 0),
    fingerprint TEXT,
    failure_ms INTEGER,
    CHECK ((ended_ms IS NULL) = (state NOT IN ('completed', 'failed'))),
    CHECK ((failure_class IS NULL) = (fingerprint IS NULL)),
    CHECK ((failure_class IS NULL) = (failure_ms IS NULL)),
    CHECK ((failure_class IS NULL) = (failure_message IS NULL)),
    CHECK ((failure_class IS NULL) = (failure_code IS NULL)),
    CHECK (failure_class IS NULL OR state IN ('failed', 'retrying'))
  ) STRICT;
  CREATE UNIQUE INDEX jobs_id ON jobs (id DESC);
  CREATE INDEX jobs_created ON jobs (created_ms DESC, id DESC);
  CREATE INDEX jobs_updated ON jobs (updated_ms DESC, id DESC);
  CREATE INDEX jobs_price ON jobs (price DESC, id DESC);
  CREATE INDEX jobs_kind ON jobs (kind DESC, id DESC);
  CREATE INDEX jobs_state ON jobs (state DESC, id DESC);
  CREATE INDEX jobs_workspace ON jobs (workspace DESC, id DESC);
  CREATE INDEX jobs_state_created ON jobs (state, created_ms DESC, id DESC);
  CREATE INDEX jobs_state_updated ON jobs (state, updated_ms DESC, id DESC);
  CREATE INDEX jobs_kind_created ON jobs (kind, created_ms DESC, id DESC);
  CREATE INDEX jobs_workspace_created ON jobs (workspace, created_ms DESC, id DESC);
  CREATE INDEX jobs_user_created ON jobs (user, created_ms DESC, id DESC);
  CREATE INDEX jobs_class_created ON jobs (failure_class, created_ms DESC, id DESC) WHERE failure_class IS NOT NULL;
  CREATE INDEX jobs_code_created ON jobs (failure_code, created_ms DESC, id DESC) WHERE failure_code IS NOT NULL;
  CREATE INDEX jobs_fingerprint_created ON jobs (fingerprint, created_ms DESC, id DESC) WHERE fingerprint IS NOT NULL;
  CREATE INDEX jobs_fingerprint_failed ON jobs (fingerprint, failure_ms) WHERE fingerprint IS NOT NULL;
  CREATE INDEX jobs_retried ON jobs (kind, created_ms) WHERE attempts > 1;
  -- The few jobs that are not at their end, with all that a look at the queue asks of them.
  CREATE INDEX jobs_open ON jobs (state, created_ms, not_before_ms, kind, provider, model, workspace)
    WHERE state IN ('queued', 'running', 'validating', 'retrying');

  -- The documents stand apart, so that the rows of the list stay narrow.
  CREATE TABLE job_documents (
    num INTEGER PRIMARY KEY,
    document BLOB NOT NULL
  ) STRICT;

  -- What a plan of retries asks of a job that is not completed, beside its row: a hundred thousand documents would take seconds.
  CREATE TABLE retry_facts (
    num INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    -- 1 where the job is on its way.
    is_live INTEGER NOT NULL CHECK (is_live IN (0, 1)),
    generation_id TEXT NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    captured INTEGER NOT NULL CHECK (captured >= 0),
    refunded INTEGER NOT NULL CHECK (refunded >= 0),
    -- Entries that the job still owes.
    pending INTEGER NOT NULL CHECK (pending >= 0),
    -- What the provider accepted and nobody received.
    acceptance_id TEXT
  ) STRICT;
  CREATE INDEX retry_facts_live ON retry_facts (workspace, input_hash) WHERE is_live = 1;

  ${JOBS_TEXT_SQL}

  CREATE TABLE malformed (
    part TEXT NOT NULL CHECK (part IN ('jobs','accounts','ledger')),
    id TEXT NOT NULL,
    problems TEXT NOT NULL CHECK (json_valid(problems)),
    document BLOB,
    -- 0 where the id is no text: such an id is in no range of ids.
    has_text_id INTEGER NOT NULL CHECK (has_text_id IN (0, 1)),
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (part, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    available INTEGER NOT NULL,
    held INTEGER NOT NULL CHECK (held >= 0),
    version INTEGER NOT NULL CHECK (version >= 0),
    document BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ledger (
    id TEXT NOT NULL,
    workspace TEXT NOT NULL,
    job_id TEXT,
    generation_id TEXT,
    attempt INTEGER CHECK (attempt >= 0),
    type TEXT NOT NULL CHECK (type IN ('grant','reserve','capture','release','refund','adjust')),
    credits INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    actor_type TEXT NOT NULL CHECK (actor_type IN ('user','runner','product','system')),
    actor_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    period TEXT NOT NULL CHECK (period GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]')
  ) STRICT;
  CREATE UNIQUE INDEX ledger_id ON ledger (id DESC);
  CREATE INDEX ledger_job ON ledger (job_id, at_ms) WHERE job_id IS NOT NULL;
  -- Type and credits too: a plan of retries sums up a hundred thousand generations, and would otherwise look up each entry.
  CREATE INDEX ledger_generation ON ledger (generation_id, at_ms, type, credits) WHERE generation_id IS NOT NULL;
  CREATE INDEX ledger_workspace ON ledger (workspace, at_ms);

  -- Kept by the writer in the transaction that changes the rows.
  CREATE TABLE job_counts (
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    jobs INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (state, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE health (
    -- Seconds of a bucket, and how many of them since 1970.
    grain INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    -- All three empty: everything of the bucket.
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    ${HEALTH_COLUMNS},
    PRIMARY KEY (grain, bucket, kind, provider, model)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE workspace_health (
    grain INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    ${HEALTH_COLUMNS},
    PRIMARY KEY (grain, bucket, workspace, kind, provider, model)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX workspace_health_workspace ON workspace_health (workspace, grain, bucket);
  CREATE TABLE owner_totals (
    owner TEXT NOT NULL CHECK (owner IN ('workspace', 'user')),
    id TEXT NOT NULL,
    jobs INTEGER NOT NULL CHECK (jobs >= 0),
    ${STATES.map((state) => `${state} INTEGER NOT NULL CHECK (${state} >= 0)`).join(', ')},
    cancelled INTEGER NOT NULL CHECK (cancelled >= 0),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    earned INTEGER NOT NULL,
    lost INTEGER NOT NULL CHECK (lost >= 0),
    cost INTEGER NOT NULL CHECK (cost >= 0),
    PRIMARY KEY (owner, id)
  ) STRICT, WITHOUT ROWID;
  -- Jobs that stand failed or wait for another attempt, by the cause of their failure.
  CREATE TABLE failure_days (
    day INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    workspace TEXT NOT NULL,
    failed INTEGER NOT NULL CHECK (failed >= 0),
    retrying INTEGER NOT NULL CHECK (retrying >= 0),
    credits INTEGER NOT NULL CHECK (credits >= 0),
    PRIMARY KEY (day, fingerprint, workspace)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE failure_hours (
    hour INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    jobs INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (hour, fingerprint)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE part_counts (
    part TEXT PRIMARY KEY CHECK (part IN ('accounts','ledger','malformed')),
    documents INTEGER NOT NULL CHECK (documents >= 0)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO part_counts VALUES ('accounts', 0), ('ledger', 0), ('malformed', 0);

  -- Where the copy stands; one row.
  CREATE TABLE standing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    source TEXT,
    position TEXT,
    as_of_ms INTEGER,
    -- 1 once a snapshot came to its end, and until what is known is declared void.
    is_complete INTEGER NOT NULL CHECK (is_complete IN (0, 1)),
    is_snapshot_open INTEGER NOT NULL CHECK (is_snapshot_open IN (0, 1)),
    -- What of the server's jobs is kept; see copy-scope.ts.
    kept_since_ms INTEGER,
    keeps_prompts INTEGER NOT NULL CHECK (keeps_prompts IN (0, 1)),
    -- 1 from when prompts are to go until no byte of them is left.
    is_wiping INTEGER NOT NULL CHECK (is_wiping IN (0, 1))
  ) STRICT;
  INSERT INTO standing VALUES (1, NULL, NULL, NULL, 0, 0, NULL, 1, 0);

  -- The ranges of ids that a snapshot copies side by side, the first the one of the highest ids.
  CREATE TABLE snapshot_ranges (
    part TEXT NOT NULL CHECK (part IN ('jobs','accounts','ledger')),
    range INTEGER NOT NULL CHECK (range >= 0),
    -- Included; empty for the range of the lowest ids.
    from_id TEXT NOT NULL,
    -- Everything from here to the upper end of the range has been copied; the end itself, null for the highest, at the beginning.
    before_id TEXT,
    is_done INTEGER NOT NULL CHECK (is_done IN (0, 1)),
    rows_done INTEGER NOT NULL CHECK (rows_done >= 0),
    PRIMARY KEY (part, range)
  ) STRICT, WITHOUT ROWID;

  -- Changes of state that were seen of jobs whose documents keep no history.
  CREATE TABLE observed (
    job_id TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    from_state TEXT,
    to_state TEXT NOT NULL,
    -- It happened after the one and not after the other.
    after_ms INTEGER,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (job_id, seq)
  ) STRICT, WITHOUT ROWID;

  -- What the stream said while a snapshot is open: there it knows better than any page.
  CREATE TABLE touched (
    part TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (part, id)
  ) STRICT, WITHOUT ROWID;
`;
