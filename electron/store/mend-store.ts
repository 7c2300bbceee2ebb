import type { Collection } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { mendRecordSchema, type MendRecord, type MendState } from '#domain/reconciliation/mend-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { replaceWithNext } from './next-version.ts';
import { listedOf, parsedEach, type Listed } from './parsed.ts';

/** The most proposals that one list has, newest first. */
const MENDS_LISTED_MAX = 500;

/** Proposals of mends. A document that is none is an error: nothing that moves money is passed over. A list names it. */
export class MendStore {
  readonly #mends: Collection<RawDocument>;

  constructor(mends: Collection<RawDocument>) {
    this.#mends = mends;
  }

  /** Inserts proposals; one that stands already, because somebody made the same one, is left as it is. */
  async insert(mends: readonly MendRecord[]): Promise<Result<void, AppError>> {
    if (mends.length === 0) return ok(undefined);
    try {
      await this.#mends.insertMany(
        mends.map((mend) => ({ ...mend })),
        { ordered: false },
      );
      return ok(undefined);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(undefined) : err(toAppError(cause));
    }
  }

  /** The proposals of these ids that are there. */
  read(ids: readonly string[]): Promise<Result<readonly MendRecord[], AppError>> {
    return this.#find(() => this.#mends.find({ _id: { $in: [...ids] } }).toArray());
  }

  /** Every proposal that was ever made of these findings. */
  ofFindings(findingIds: readonly string[]): Promise<Result<readonly MendRecord[], AppError>> {
    return this.#find(() => this.#mends.find({ findingId: { $in: [...findingIds] } }).toArray());
  }

  /** The last {@link MENDS_LISTED_MAX} of some states, the newest first. */
  async list(states: readonly MendState[]): Promise<Result<Listed<MendRecord>, AppError>> {
    const found = await attemptCall(() =>
      this.#mends
        .find({ state: { $in: [...states] } })
        .sort({ 'proposed.at': -1, _id: 1 })
        .limit(MENDS_LISTED_MAX)
        .toArray(),
    );
    return found.ok ? ok(listedOf(mendRecordSchema, found.value)) : found;
  }

  /** How many there are in a state. */
  async count(state: MendState): Promise<Result<number, AppError>> {
    return attemptCall(() => this.#mends.countDocuments({ state }));
  }

  /** Writes the next version over the one before. @returns false where it is no longer that one */
  replace(next: MendRecord): Promise<Result<boolean, AppError>> {
    return replaceWithNext(this.#mends, next);
  }

  async #find(read: () => Promise<readonly RawDocument[]>): Promise<Result<readonly MendRecord[], AppError>> {
    const found = await attemptCall(read);
    return found.ok ? parsedEach(mendRecordSchema, found.value, 'adjustments') : found;
  }
}
