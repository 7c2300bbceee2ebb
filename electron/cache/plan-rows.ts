import type { FailureClass } from '#domain/failure.ts';
import type { ChargeStatus, JobState } from '#domain/job.ts';
import type { PlanSubject } from '#domain/retry-plan/plan-item.ts';

/**
 * A job as a plan of retries asks for it, as it crosses from the thread that reads the copy: a list, because a hundred thousand objects
 * would each bring the names of their fields.
 */
export type PlanRow = readonly [
  id: string,
  version: number,
  workspace: string,
  kind: string,
  model: string,
  state: JobState,
  failureClass: FailureClass | null,
  priceCredits: number,
  /** Proved where the job has failed. */
  chargeStatus: ChargeStatus,
  pendingEntries: number | null,
  acceptanceId: string | null,
  twinId: string | null,
];

/** Places in a {@link PlanRow}, and of the generation, which stands behind it while it is read. */
export const WORKSPACE = 2;
export const STATE = 5;
export const GENERATION = 12;

/** The subject that a row stands for. */
export function subjectOfRow(row: PlanRow): PlanSubject {
  const [jobId, version, workspaceId, kind, model, state, failureClass, priceCredits, chargeStatus, pending, accepted] =
    row;
  return {
    jobId,
    version,
    workspaceId,
    kind,
    model,
    state,
    failureClass,
    priceCredits,
    chargeStatus,
    pendingEntries: pending ?? 0,
    acceptanceId: accepted,
  };
}

/** Its id and that of another job of its workspace with the same input that is on its way; nothing where there is none. */
export function twinOfRow(row: PlanRow): readonly (readonly [jobId: string, twinId: string])[] {
  const [jobId, , , , , , , , , , , twinId] = row;
  return twinId === null ? [] : [[jobId, twinId]];
}
