import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import { proveChargeOfSums } from '#domain/charge.ts';
import { counted } from '#domain/counted.ts';
import type { CreditAccount } from '#domain/ledger.ts';
import { ExperienceTally, type ExperienceFigures } from '#domain/retry-plan/plan-experience.ts';
import { decode } from './document-encoding.ts';
import { WHILE_WANTED } from './interrupt.ts';
import { toCachedAccount, toCachedDocument } from './parsed-documents.ts';
import { GENERATION, STATE, WORKSPACE, type PlanRow } from './plan-rows.ts';

/** Some jobs as a plan of retries asks for them. */
export interface PlanRows {
  /** Those that the copy has, in no order. */
  readonly rows: readonly PlanRow[];
  /** Ids whose documents are no jobs, with the first reason. */
  readonly malformed: readonly (readonly [jobId: string, why: string])[];
}

const problemsSchema = z.array(z.object({ reason: z.string() }));

/** How far back an estimate looks, in milliseconds. */
const EXPERIENCE_MS = 30 * 86_400_000;
/** Retried jobs of a kind that an estimate looks at, spread over the whole time: each is a document to decode. */
const RETRIED_JOBS_MAX = 200;
/** The newest jobs of a kind among which costs are looked for. */
const COST_JOBS_MAX = 10_000;

/** What the proof of a charge needs, besides the ledger, in the order in which it stands behind the columns of a {@link PlanRow}. */
type FigureColumns = readonly [
  generationId: string | null,
  reserved: number | null,
  captured: number | null,
  refunded: number | null,
];
type RowColumns = readonly [...PlanRow, ...FigureColumns];
type SumColumns = readonly [
  generationId: string,
  reserved: number,
  captured: number,
  released: number,
  refunded: number,
];

const NOTHING: SumColumns = ['', 0, 0, 0, 0];

/** Reads what a plan of retries is made from out of rows, and not out of documents: a hundred thousand jobs in about a second. */
export class PlanReader {
  readonly #rows: Statement<[string], RowColumns>;
  readonly #sums: Statement<[string], SumColumns>;
  readonly #accounts: Statement<[string], { document: Buffer }>;
  readonly #malformed: Statement<[string], { id: string; problems: string }>;
  readonly #retried: Statement<[string, number], { num: number }>;
  readonly #document: Statement<[number], { document: Buffer }>;
  readonly #costs: Statement<[string, number, number], { model: string; cost: number }>;

  constructor(db: Database) {
    const sumOf = (type: string): string => `sum(iif(ledger.type = '${type}', credits, 0))`;
    // CROSS JOIN keeps the order of the tables: the ids that are asked for lead to the rows, and not the other way round.
    this.#rows = db
      .prepare<[string], RowColumns>(
        `SELECT jobs.id, version, jobs.workspace, kind, model, state, failure_class, price, charge_status, pending, acceptance_id,
           (SELECT twin.id FROM retry_facts AS live JOIN jobs AS twin USING (num)
            WHERE live.is_live = 1 AND live.workspace = facts.workspace AND live.input_hash = facts.input_hash
              AND live.num != facts.num LIMIT 1),
           generation_id, reserved, captured, refunded
         FROM json_each(?) AS wanted CROSS JOIN jobs ON jobs.id = wanted.value LEFT JOIN retry_facts AS facts USING (num)
         WHERE ${WHILE_WANTED}`,
      )
      .raw(true);
    this.#sums = db
      .prepare<[string], SumColumns>(
        `SELECT generation_id, ${sumOf('reserve')}, ${sumOf('capture')}, ${sumOf('release')}, ${sumOf('refund')}
         FROM json_each(?) AS wanted CROSS JOIN ledger ON generation_id = wanted.value GROUP BY wanted.key`,
      )
      .raw(true);
    this.#accounts = db.prepare(
      'SELECT document FROM json_each(?) AS wanted CROSS JOIN accounts ON accounts.id = wanted.value WHERE held > 0',
    );
    this.#malformed = db.prepare(
      "SELECT malformed.id, problems FROM json_each(?) AS wanted CROSS JOIN malformed ON part = 'jobs' AND malformed.id = wanted.value",
    );
    this.#retried = db.prepare('SELECT num FROM jobs WHERE attempts > 1 AND kind = ? AND created_ms >= ?');
    this.#document = db.prepare('SELECT document FROM job_documents WHERE num = ?');
    this.#costs = db.prepare(
      `SELECT model, cost FROM
         (SELECT model, cost, state, attempts FROM jobs WHERE kind = ? AND created_ms >= ? ORDER BY created_ms DESC, id DESC LIMIT ?)
       WHERE state = 'completed' AND attempts = 1 AND cost > 0`,
    );
  }

  /** The jobs of some ids, with what their ledger and accounts prove; ids that the copy has not are left out. */
  jobs(ids: readonly string[]): PlanRows {
    const wanted = JSON.stringify(ids);
    const found = this.#rows.all(wanted);
    const failed = found.filter((row) => row[STATE] === 'failed');
    const generations = JSON.stringify(failed.map((row) => row[GENERATION]));
    const sums = new Map(this.#sums.all(generations).map((row) => [row[0], row]));
    const workspaces = JSON.stringify([...new Set(failed.map((row) => row[WORKSPACE]))]);
    const holds = new Map<string, CreditAccount['holds']>();
    for (const { document } of this.#accounts.all(workspaces)) {
      const account = toCachedAccount(document);
      holds.set(account._id, account.holds);
    }
    return {
      rows: found.map((columns) => {
        const generationId = columns[GENERATION] ?? '';
        const heldCredits = holds.get(columns[WORKSPACE])?.[generationId]?.credits ?? 0;
        return proven(columns, sums.get(generationId) ?? NOTHING, heldCredits);
      }),
      malformed: this.#malformed.all(wanted).map(({ id, problems }) => [id, firstReason(problems)] as const),
    };
  }

  /** What the jobs of these kinds tell of one more attempt, over the thirty days before a time. */
  experience(kinds: readonly string[], nowMs: number): ExperienceFigures {
    const tally = new ExperienceTally();
    const sinceMs = nowMs - EXPERIENCE_MS;
    let jobs = 0;
    for (const kind of kinds) {
      for (const { model, cost } of this.#costs.all(kind, sinceMs, COST_JOBS_MAX)) tally.addCost(kind, model, cost);
      for (const num of spread(this.#retried.all(kind, sinceMs))) {
        const found = this.#document.get(num);
        const parsed = found === undefined ? null : toCachedDocument(found.document);
        if (parsed?.type !== 'job') continue;
        tally.addJob(parsed.job);
        jobs += 1;
      }
    }
    return tally.figures(
      `attempts that followed such a failure in ${counted(jobs, 'job')}, spread over the last 30 days`,
    );
  }
}

/** Rows over the whole of a list, with as many between one and the next, at most so many as are looked at. */
function spread(rows: readonly { readonly num: number }[]): readonly number[] {
  const step = Math.max(1, rows.length / RETRIED_JOBS_MAX);
  const taken = Math.min(rows.length, RETRIED_JOBS_MAX);
  return Array.from({ length: taken }, (_, n) => rows[Math.floor(n * step)]?.num ?? 0);
}

/** A row with the charge that is proved; of what is not retried anyhow, what the job says itself. */
function proven(columns: RowColumns, sums: SumColumns, heldCredits: number): PlanRow {
  const [id, version, workspace, kind, model, state, failureClass, price, status, pending, acceptance, twin] = columns;
  const [, , , , , , , , , , , , , reserved, captured, refunded] = columns;
  const figures = {
    price,
    reserved: reserved ?? 0,
    captured: captured ?? 0,
    refunded: refunded ?? 0,
    pending: { length: pending ?? 0 },
  };
  const ledger = { reserved: sums[1], captured: sums[2], released: sums[3], refunded: sums[4] };
  const charge = state === 'failed' ? proveChargeOfSums(figures, ledger, heldCredits).status : status;
  return [id, version, workspace, kind, model, state, failureClass, price, charge, pending, acceptance, twin];
}

function firstReason(problems: string): string {
  const [first] = decode(() => problemsSchema.parse(JSON.parse(problems)));
  return first?.reason ?? 'it is no job';
}
