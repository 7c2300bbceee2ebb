import type { Database, Statement } from 'better-sqlite3';
import { jobStateSchema } from '#domain/job.ts';
import { creditsAtRiskOf } from '#domain/health/health-facts.ts';
import type { CachedPart } from './changes.ts';
import { FailureRollUps } from './failure-roll-ups.ts';
import { HealthRollUps } from './health-roll-ups.ts';
import { healthFactsOfRow, type RolledUpJob } from './job-columns.ts';
import { SummedRows } from './summed-rows.ts';

const JOB_STATES = jobStateSchema.options;

/** The sums that are kept of each workspace and each user, beside one for each state. */
const OWNER_SUMS = ['jobs', ...JOB_STATES, 'cancelled', 'attempts', 'earned', 'lost', 'cost', 'unknown_costs'] as const;

/**
 * Gathers what a transaction does to the roll-ups and writes it once at the end of the same transaction: exact, because each
 * row is taken out as it stood and put in as it stands.
 */
export class RollUps {
  readonly #counts: SummedRows;
  readonly #owners: SummedRows;
  readonly #health: HealthRollUps;
  readonly #failures: FailureRollUps;
  readonly #addPart: Statement<[number, string]>;
  #parts = new Map<string, number>();

  constructor(db: Database) {
    this.#counts = new SummedRows(db, 'job_counts', { keys: ['state', 'kind'], sums: ['jobs'] });
    this.#owners = new SummedRows(db, 'owner_totals', { keys: ['owner', 'id'], sums: OWNER_SUMS });
    this.#health = new HealthRollUps(db);
    this.#failures = new FailureRollUps(db);
    this.#addPart = db.prepare('UPDATE part_counts SET documents = documents + ? WHERE part = ?');
  }

  add(job: RolledUpJob): void {
    this.#move(job, 1);
  }

  remove(job: RolledUpJob): void {
    this.#move(job, -1);
  }

  addDocuments(part: Exclude<CachedPart, 'jobs'> | 'malformed', documents: number): void {
    this.#parts.set(part, (this.#parts.get(part) ?? 0) + documents);
  }

  /** Forgets what was gathered: the transaction is begun anew. */
  reset(): void {
    for (const rows of [this.#counts, this.#owners, this.#health, this.#failures]) rows.reset();
    this.#parts = new Map();
  }

  /** Writes what was gathered; belongs into the transaction that changed the rows. */
  flush(): void {
    for (const rows of [this.#counts, this.#owners, this.#health, this.#failures]) rows.flush();
    for (const [part, documents] of this.#parts) if (documents !== 0) this.#addPart.run(documents, part);
    this.reset();
  }

  #move(job: RolledUpJob, by: 1 | -1): void {
    this.#counts.add([job.state, job.kind], [by]);
    const facts = healthFactsOfRow(job);
    this.#health.move(facts, by);
    this.#failures.move(job, by);
    const isCancelled = job.failure_class === 'cancelled';
    const lost = job.state === 'failed' ? creditsAtRiskOf(facts) : 0;
    const sums = [
      by,
      ...JOB_STATES.map((state) => (job.state === state ? by : 0)),
      isCancelled ? by : 0,
      by * job.attempts,
      by * job.earned,
      by * lost,
      by * job.cost,
      by * job.is_cost_unknown,
    ];
    this.#owners.add(['workspace', job.workspace], sums);
    this.#owners.add(['user', job.user], sums);
  }
}
