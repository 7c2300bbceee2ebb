import type { CopyReader } from '#cache/copy-reader.ts';
import type { ReplayDays } from '#contract/policy-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Replay } from '#domain/policy-replay.ts';
import { nextPolicyVersion, problemsOf, type PolicyDraft, type PolicyVersion } from '#domain/policy-version.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { PolicyStore } from '#store/policy-store.ts';
import type { ReadableStore } from '#store/ports.ts';
import { putVersion } from '../put-version.ts';

/** What the desk works with. */
export interface PolicyDeskParts {
  readonly policies: Pick<PolicyStore, 'inForce' | 'list' | 'append'>;
  readonly reader: Pick<ReadableStore, 'serverNow'>;
  readonly cache: Pick<CopyReader, 'replay' | 'standing'>;
}

/** A draft that somebody wants in force. */
export interface PolicyOrder {
  /** The version that the draft was written over. */
  readonly basedOn: number;
  readonly draft: PolicyDraft;
  readonly reason: string;
  readonly by: Actor;
}

const DAY_MS = 86_400_000;

/** Where the retry policy is looked at, tried out and put in force. */
export class PolicyDesk {
  readonly #parts: PolicyDeskParts;

  constructor(parts: PolicyDeskParts) {
    this.#parts = parts;
  }

  /** Every version that was written, the one in force first. */
  list(): Promise<Result<readonly PolicyVersion[], AppError>> {
    return this.#parts.policies.list();
  }

  /** See {@link putPolicy}. */
  put(order: PolicyOrder): Promise<Result<PolicyVersion, AppError>> {
    return putPolicy(this.#parts, order);
  }

  /**
   * Replays a draft over the jobs with a failure that were created in the last days. `keptSinceMs` says from when on the copy has them
   * all, where that is later than what was asked for. Errors, besides the copy's: `copy_incomplete`,
   * and `invalid_request` for a draft that contradicts itself.
   */
  async replay(
    draft: PolicyDraft,
    { days, nowMs }: { readonly days: ReplayDays; readonly nowMs: number },
  ): Promise<Result<Replay & { readonly isCut: boolean; readonly keptSinceMs: number | null }, AppError>> {
    const { cache } = this.#parts;
    const [problem] = problemsOf(draft);
    if (problem !== undefined) return err(appError('invalid_request', problem));
    const standing = await cache.standing();
    if (!standing.ok) return standing;
    if (!standing.value.isComplete) return err(appError('copy_incomplete'));
    const sinceMs = nowMs - days * DAY_MS;
    const replayed = await cache.replay({ draft, sinceMs });
    if (!replayed.ok) return replayed;
    const { keptSinceMs } = standing.value.scope;
    return ok({ ...replayed.value, keptSinceMs: keptSinceMs !== null && keptSinceMs > sinceMs ? keptSinceMs : null });
  }
}

/**
 * Puts a draft in force as the next version. Errors, besides the store's: `write_conflict` where it was written over another
 * version than the one in force, and those of {@link nextPolicyVersion}.
 */
export function putPolicy(
  { policies, reader }: Pick<PolicyDeskParts, 'policies' | 'reader'>,
  { basedOn, draft, reason, by }: PolicyOrder,
): Promise<Result<PolicyVersion, AppError>> {
  return putVersion({ versions: policies, reader }, basedOn, (inForce, at) =>
    nextPolicyVersion(inForce, draft, { by, at, reason }),
  );
}
