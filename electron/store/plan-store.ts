import type { Collection, Db, Filter } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';
import type { PlanItem } from '#domain/retry-plan/plan-item.ts';
import {
  jobOutcomeSchema,
  planRecordSchema,
  type JobOutcome,
  type PlanRecord,
  type PlanState,
} from '#domain/retry-plan/plan-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { replaceWithNext } from './next-version.ts';
import { ITEMS_IN_CHUNK, packItems, unpackItems } from './packed-items.ts';
import { listedOf, parsed, parsedEach, type Listed } from './parsed.ts';

/** How many of them are written at once. */
const CHUNKS_AT_ONCE = 4;
const PLANS_LISTED_MAX = 200;
/** Digits that an index is written with, so that ids are in its order. */
const INDEX_DIGITS = 6;

/**
 * Plans of retries (`retry_plans`), their items in packed chunks with the eligible ones first (`retry_plan_items`), and what became of
 * each job (`retry_plan_outcomes`). A document that is none is an error: nothing that spends is passed over. A list names it.
 */
export class PlanStore {
  readonly #plans: Collection<RawDocument>;
  readonly #items: Collection<RawDocument>;
  readonly #outcomes: Collection<RawDocument>;

  constructor(db: Db) {
    this.#plans = db.collection<RawDocument>('retry_plans', DURABLE);
    this.#items = db.collection<RawDocument>('retry_plan_items', DURABLE);
    this.#outcomes = db.collection<RawDocument>('retry_plan_outcomes', DURABLE);
  }

  /** Keeps a new plan: its items first, so that a plan that can be read is whole. */
  async insert(plan: PlanRecord, items: readonly PlanItem[]): Promise<Result<void, AppError>> {
    let next = 0;
    // The server writes one chunk while the next ones are packed.
    const writeOn = async (): Promise<Result<void, AppError>> => {
      while (next * ITEMS_IN_CHUNK < items.length) {
        const n = next;
        next += 1;
        const chunk = await packItems(items.slice(n * ITEMS_IN_CHUNK, (n + 1) * ITEMS_IN_CHUNK));
        const _id = placeOf(plan._id, n);
        const written = await attemptCall(() =>
          this.#items.updateOne({ _id }, { $set: { ...chunk } }, { upsert: true }),
        );
        if (!written.ok) return written;
      }
      return ok(undefined);
    };
    const ends = await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, writeOn));
    const failed = ends.find((end) => !end.ok);
    if (failed !== undefined) return failed;
    const written = await attemptCall(() => this.#plans.insertOne({ ...plan }));
    return written.ok ? ok(undefined) : written;
  }

  /** Error: `not_found`. */
  async read(planId: string): Promise<Result<PlanRecord, AppError>> {
    const found = await attemptCall(() => this.#plans.findOne({ _id: planId }));
    if (!found.ok) return found;
    if (found.value === null) return err(appError('not_found', `plan ${planId}`));
    return parsed(planRecordSchema, found.value, `plan ${planId}`);
  }

  /** The newest plans, of some states or of all. */
  async list(states: readonly PlanState[]): Promise<Result<Listed<PlanRecord>, AppError>> {
    const filter: Filter<RawDocument> = states.length === 0 ? {} : { state: { $in: [...states] } };
    const found = await attemptCall(() =>
      this.#plans.find(filter).sort({ 'proposed.at': -1, _id: 1 }).limit(PLANS_LISTED_MAX).toArray(),
    );
    return found.ok ? ok(listedOf(planRecordSchema, found.value)) : found;
  }

  /** Writes the next version over the one before. @returns false where it is no longer that one */
  replace(next: PlanRecord): Promise<Result<boolean, AppError>> {
    return replaceWithNext(this.#plans, next);
  }

  /** Items of a plan from a place on, at most a chunk of them. */
  async readItems(planId: string, from: number): Promise<Result<readonly PlanItem[], AppError>> {
    const chunk = Math.floor(from / ITEMS_IN_CHUNK);
    const found = await attemptCall(() => this.#items.findOne({ _id: placeOf(planId, chunk) }));
    if (!found.ok) return found;
    if (found.value === null) return ok([]);
    const items = await unpackItems(found.value, `items of plan ${planId}`);
    return items.ok ? ok(items.value.slice(from - chunk * ITEMS_IN_CHUNK)) : items;
  }

  /**
   * Makes what became of the jobs of a plan the business of whoever holds its lease with this token: what a console before writes late,
   * because its machine slept, takes the place of nothing.
   */
  async takeOutcomes(planId: string, leaseToken: number): Promise<Result<void, AppError>> {
    const range = { $gte: placeOf(planId, 0), $lt: `${planId};` };
    const written = await attemptCall(() => this.#outcomes.updateMany({ _id: range }, { $set: { leaseToken } }));
    return written.ok ? ok(undefined) : written;
  }

  /**
   * Writes what became of jobs over what was known of them, as who holds the plan's lease with its token. Error: `lease_lost` where
   * another console has taken them since.
   */
  async saveOutcomes(
    { _id: planId, leaseToken }: Pick<PlanRecord, '_id' | 'leaseToken'>,
    outcomes: readonly JobOutcome[],
  ): Promise<Result<void, AppError>> {
    if (outcomes.length === 0) return ok(undefined);
    const operations = outcomes.map((outcome) => ({
      updateOne: {
        // Where a later token stands, the upsert meets the key and nothing is written.
        filter: { _id: placeOf(planId, outcome.index), leaseToken: { $not: { $gt: leaseToken } } },
        update: { $set: { ...outcome, leaseToken } },
        upsert: true,
      },
    }));
    try {
      await this.#outcomes.bulkWrite(operations, { ordered: false });
      return ok(undefined);
    } catch (cause) {
      if (isOnlyDuplicateKeys(cause))
        return err(appError('lease_lost', `plan ${planId} is run by another console now`));
      return err(toAppError(cause));
    }
  }

  /** What became of the jobs of a plan, from an index on, in order. */
  readOutcomes(planId: string, from: number, limit: number): Promise<Result<readonly JobOutcome[], AppError>> {
    return this.#findOutcomes({ _id: { $gte: placeOf(planId, from), $lt: `${planId};` } }, limit);
  }

  /** The jobs of a plan that were begun and are not at their end, as far as is known, from an index on, in order. */
  openOutcomes(planId: string, from: number, limit: number): Promise<Result<readonly JobOutcome[], AppError>> {
    const range = { $gte: placeOf(planId, from), $lt: `${planId};` };
    return this.#findOutcomes({ _id: range, outcome: { $in: ['begun', 'waiting'] } }, limit);
  }

  async #findOutcomes(filter: Filter<RawDocument>, limit: number): Promise<Result<readonly JobOutcome[], AppError>> {
    const found = await attemptCall(() => this.#outcomes.find(filter).sort({ _id: 1 }).limit(limit).toArray());
    return found.ok ? parsedEach(jobOutcomeSchema, found.value, 'retry_plan_outcomes') : found;
  }
}

/** An id that begins with the plan and orders by the number; `:` is followed by `;`. */
function placeOf(planId: string, n: number): string {
  return `${planId}:${String(n).padStart(INDEX_DIGITS, '0')}`;
}
