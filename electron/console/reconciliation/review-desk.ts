import type { ReviewView } from '#contract/finding-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import {
  applyReviewAct,
  noReview,
  standingOf,
  type FindingReview,
  type ReviewAct,
} from '#domain/reconciliation/finding-review.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ReviewStore } from '#store/review-store.ts';

/** How often a review is written anew when somebody else writes the same one. */
const TRIES_MAX = 5;

/** What people make of findings. Errors of every method: those of the connection, `malformed_document`. */
export class ReviewDesk {
  readonly #reviews: ReviewStore;

  constructor(reviews: ReviewStore) {
    this.#reviews = reviews;
  }

  async review(finding: Finding): Promise<Result<ReviewView, AppError>> {
    const review = await this.#reviews.read(finding.id);
    return review.ok ? ok(reviewViewOf(finding, review.value ?? noReview(finding.id))) : review;
  }

  /** What people made of several findings, in their order. */
  async reviews(findings: readonly Finding[]): Promise<Result<readonly ReviewView[], AppError>> {
    const reviews = await this.#reviews.ofFindings(findings.map(({ id }) => id));
    if (!reviews.ok) return reviews;
    return ok(findings.map((finding) => reviewViewOf(finding, reviews.value.get(finding.id) ?? noReview(finding.id))));
  }

  /** Does one thing about several findings. Error: `write_conflict` where others keep writing the same review. */
  async act(
    findings: readonly Finding[],
    act: ReviewAct,
    step: { readonly by: Actor; readonly at: Date },
  ): Promise<Result<readonly ReviewView[], AppError>> {
    const rows: ReviewView[] = [];
    for (const finding of findings) {
      const done = await this.#act(finding, act, step);
      if (!done.ok) return done;
      rows.push(reviewViewOf(finding, done.value));
    }
    return ok(rows);
  }

  async #act(
    finding: Finding,
    act: ReviewAct,
    step: { readonly by: Actor; readonly at: Date },
  ): Promise<Result<FindingReview, AppError>> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const read = await this.#reviews.read(finding.id);
      if (!read.ok) return read;
      const next = applyReviewAct(read.value ?? noReview(finding.id), finding, act, step);
      const written = await this.#reviews.replace(next);
      if (!written.ok) return written;
      if (written.value) return ok(next);
    }
    return err(appError('write_conflict', `others keep writing about ${finding.id}`));
  }
}

/** A review as a window shows it. */
export function reviewViewOf(finding: Pick<Finding, 'id' | 'credits'>, review: FindingReview): ReviewView {
  const { settled } = review;
  return {
    findingId: finding.id,
    version: review.version,
    standing: standingOf(finding, review),
    assignedTo: review.assignedTo,
    comments: review.comments.map(({ by, at, text }) => ({ by, atMs: at.getTime(), text })),
    settled:
      settled === null ? null : { as: settled.as, reason: settled.reason, by: settled.by, atMs: settled.at.getTime() },
  };
}
