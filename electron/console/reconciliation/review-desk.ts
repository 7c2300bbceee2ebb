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

/** A finding, and the version of its review that somebody saw before they decided; null where they add to whatever stands there. */
export interface SeenFinding {
  readonly finding: Finding;
  readonly seenVersion: number | null;
}

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

  /**
   * Does one thing about several findings, and nothing about any where one was reviewed since it was seen. They are written one after
   * the other: who reviews one in that very moment stops it there, with those before it done.
   * Error: `write_conflict` then, and where others keep writing the same review.
   */
  async act(
    findings: readonly SeenFinding[],
    act: ReviewAct,
    step: { readonly by: Actor; readonly at: Date },
  ): Promise<Result<readonly ReviewView[], AppError>> {
    const before = await this.#reviews.ofFindings(findings.map(({ finding }) => finding.id));
    if (!before.ok) return before;
    const changed = findings.find(({ finding, seenVersion }) =>
      isChanged(seenVersion, before.value.get(finding.id) ?? noReview(finding.id)),
    );
    if (changed !== undefined) return err(reviewedSince(changed.finding));
    const rows: ReviewView[] = [];
    for (const seen of findings) {
      const done = await this.#act(seen, act, step);
      if (!done.ok) return done;
      rows.push(reviewViewOf(seen.finding, done.value));
    }
    return ok(rows);
  }

  async #act(
    { finding, seenVersion }: SeenFinding,
    act: ReviewAct,
    step: { readonly by: Actor; readonly at: Date },
  ): Promise<Result<FindingReview, AppError>> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const read = await this.#reviews.read(finding.id);
      if (!read.ok) return read;
      // Also between the look at all of them and this one's write.
      if (isChanged(seenVersion, read.value ?? noReview(finding.id))) return err(reviewedSince(finding));
      const next = applyReviewAct(read.value ?? noReview(finding.id), finding, act, step);
      const written = await this.#reviews.replace(next);
      if (!written.ok) return written;
      if (written.value) return ok(next);
    }
    return err(appError('write_conflict', `others keep writing about ${finding.id}`));
  }
}

function isChanged(seenVersion: number | null, { version }: FindingReview): boolean {
  return seenVersion !== null && seenVersion !== version;
}

function reviewedSince({ id }: Finding): AppError {
  return appError('write_conflict', `${id} was reviewed by somebody since it was seen`);
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
