import type { Collection } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { findingReviewSchema, type FindingReview } from '#domain/reconciliation/finding-review.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { replaceWithNext } from './next-version.ts';
import { parsedEach } from './parsed.ts';

/** The most reviews that are read at once. */
const REVIEWS_MAX = 200_000;

/** What people made of findings, by the finding's id. */
export class ReviewStore {
  readonly #reviews: Collection<RawDocument>;

  constructor(reviews: Collection<RawDocument>) {
    this.#reviews = reviews;
  }

  async read(findingId: string): Promise<Result<FindingReview | null, AppError>> {
    const found = await this.#find(() => this.#reviews.find({ _id: findingId }).toArray());
    return found.ok ? ok(found.value[0] ?? null) : found;
  }

  /** The reviews of these findings that are there, by finding. */
  async ofFindings(findingIds: readonly string[]): Promise<Result<ReadonlyMap<string, FindingReview>, AppError>> {
    const found = await this.#find(() => this.#reviews.find({ _id: { $in: [...findingIds] } }).toArray());
    return found.ok ? ok(new Map(found.value.map((review) => [review._id, review]))) : found;
  }

  /** Every review, by finding. */
  async all(): Promise<Result<ReadonlyMap<string, FindingReview>, AppError>> {
    const found = await this.#find(() => this.#reviews.find().limit(REVIEWS_MAX).toArray());
    return found.ok ? ok(new Map(found.value.map((review) => [review._id, review]))) : found;
  }

  /** Writes the next version over the one before. @returns false where somebody else wrote in between */
  replace(next: FindingReview): Promise<Result<boolean, AppError>> {
    return replaceWithNext(this.#reviews, next);
  }

  async #find(read: () => Promise<readonly RawDocument[]>): Promise<Result<readonly FindingReview[], AppError>> {
    const found = await attemptCall(read);
    return found.ok ? parsedEach(findingReviewSchema, found.value, 'reconciliations') : found;
  }
}
