import type { Database, Statement } from 'better-sqlite3';
import type { JobState } from '#domain/job.ts';
import type { CachedPart } from './changes.ts';

const HOUR_MS = 3_600_000;

/** What of a job the roll-ups count. */
export interface CountedJob {
  readonly state: JobState;
  readonly kind: string;
  readonly provider: string;
  /** Since when it has been in its state. */
  readonly state_since_ms: number;
}

/** The whole hour since 1970 UTC that a time is in. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS);
}

interface Delta<Key> {
  readonly key: Key;
  jobs: number;
}

interface Addition<Key extends readonly (string | number)[]> {
  readonly update: Statement<[number, ...Key]>;
  readonly insert: Statement<[number, ...Key]>;
}

/**
 * Gathers what a transaction does to the roll-ups and writes it once at the end of the same transaction: exact, because each
 * row is taken out as it stood and put in as it stands.
 */
export class RollUps {
  readonly #addCount: Addition<readonly [string, string]>;
  readonly #addHour: Addition<readonly [number, string, string, string]>;
  readonly #addPart: Statement<[number, string]>;
  readonly #dropEmpty: readonly Statement<[]>[];
  #counts = new Map<string, Delta<readonly [string, string]>>();
  #hours = new Map<string, Delta<readonly [number, string, string, string]>>();
  #parts = new Map<string, number>();

  constructor(db: Database) {
    // No upsert: SQLite holds even the row that it will not insert against the CHECK, and a fall is a negative figure.
    this.#addCount = {
      update: db.prepare('UPDATE job_counts SET jobs = jobs + ? WHERE state = ? AND kind = ?'),
      insert: db.prepare('INSERT INTO job_counts (jobs, state, kind) VALUES (?, ?, ?)'),
    };
    this.#addHour = {
      update: db.prepare(
        'UPDATE hour_counts SET jobs = jobs + ? WHERE hour = ? AND kind = ? AND provider = ? AND state = ?',
      ),
      insert: db.prepare('INSERT INTO hour_counts (jobs, hour, kind, provider, state) VALUES (?, ?, ?, ?, ?)'),
    };
    this.#addPart = db.prepare('UPDATE part_counts SET documents = documents + ? WHERE part = ?');
    this.#dropEmpty = ['job_counts', 'hour_counts'].map((table) => db.prepare(`DELETE FROM ${table} WHERE jobs = 0`));
  }

  add(job: CountedJob): void {
    this.#move(job, 1);
  }

  remove(job: CountedJob): void {
    this.#move(job, -1);
  }

  addDocuments(part: Exclude<CachedPart, 'jobs'> | 'malformed', documents: number): void {
    this.#parts.set(part, (this.#parts.get(part) ?? 0) + documents);
  }

  /** Forgets what was gathered: the transaction is begun anew. */
  reset(): void {
    this.#counts = new Map();
    this.#hours = new Map();
    this.#parts = new Map();
  }

  /** Writes what was gathered; belongs into the transaction that changed the rows. */
  flush(): void {
    let hasFallen = false;
    for (const { key, jobs } of this.#counts.values()) addRow(this.#addCount, key, jobs);
    for (const { key, jobs } of this.#hours.values()) {
      addRow(this.#addHour, key, jobs);
      hasFallen ||= jobs < 0;
    }
    for (const [part, documents] of this.#parts) if (documents !== 0) this.#addPart.run(documents, part);
    if (hasFallen) for (const statement of this.#dropEmpty) statement.run();
    this.reset();
  }

  #move(job: CountedJob, by: 1 | -1): void {
    const hour = hourOf(job.state_since_ms);
    addTo(this.#counts, [job.state, job.kind], by);
    addTo(this.#hours, [hour, job.kind, job.provider, job.state], by);
  }
}

function addTo<Key extends readonly (string | number)[]>(deltas: Map<string, Delta<Key>>, key: Key, by: number): void {
  const name = key.join('\0');
  const delta = deltas.get(name);
  if (delta === undefined) deltas.set(name, { key, jobs: by });
  else delta.jobs += by;
}

function addRow<Key extends readonly (string | number)[]>(addition: Addition<Key>, key: Key, jobs: number): void {
  if (jobs === 0) return;
  if (addition.update.run(jobs, ...key).changes === 0) addition.insert.run(jobs, ...key);
}
