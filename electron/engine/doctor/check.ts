import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';

/** What a check may look at. */
export interface DoctorContext {
  /** The open server, or why there is none. */
  readonly store: Result<Store, AppError>;
  readonly dataDir: string;
  /** The file of the offline copy of this deployment and database. */
  readonly copyFile: string;
  /** Takes what was met in the copy to whoever keeps it; left out where nobody here does. */
  readonly metInCopy?: (error: AppError) => void;
  readonly signal: AbortSignal;
  /** Tells how far a long check is. */
  readonly say: (line: string) => void;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly nowMs: () => number;
}

/** What a check found, in words for people. */
export interface CheckResult {
  /** `skipped` where it could not be looked at; `warning` works, but not as well as it could. */
  readonly level: 'ok' | 'warning' | 'error' | 'skipped';
  readonly says: string;
  /** What to do about it; null where nothing need be done. */
  readonly todo: string | null;
}

/** One named look at the set-up; each stands in a file of its own in `checks/` and is listed in `checks.ts`. Writes nothing. */
export interface DoctorCheck {
  readonly name: string;
  /** Left out unless it is asked for with this flag: for checks that read everything. */
  readonly onlyWith?: 'verify';
  readonly run: (context: DoctorContext) => Promise<CheckResult>;
}

/** All is well. */
export function fine(says: string): CheckResult {
  return { level: 'ok', says, todo: null };
}

/** It could not be looked at. */
export function skipped(says: string): CheckResult {
  return { level: 'skipped', says, todo: null };
}
