import type { OwnFile } from '#cache/own/open-own-file.ts';
import type { AuditFile } from '#cache/audit-file.ts';
import type { AlertDesk } from '#console/alerts/alert-desk.ts';
import type { JobDesk } from '#console/retry/job-desk.ts';
import { requestNameSchema, type RequestName } from '#contract/requests.ts';
import type { RunnerAction } from '#contract/runner-action.ts';
import type { EngineStatus, RunnerStatus } from '#contract/status.ts';
import type { AppError } from '#domain/errors.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { FailureDesk } from '#console/failures/failure-desk.ts';
import { alertHandlers } from './handlers/alert-handlers.ts';
import { auditHandlers } from './handlers/audit-handlers.ts';
import { caseHandlers } from './handlers/case-handlers.ts';
import { copyHandlers } from './handlers/copy-handlers.ts';
import { exportHandlers } from './handlers/export-handlers.ts';
import type { Handlers, ReadCopy } from './handlers/handler.ts';
import { financeHandlers } from './handlers/finance-handlers.ts';
import { doctorHandlers, type DoctorParts } from './handlers/doctor-handlers.ts';
import { failureHandlers } from './handlers/failure-handlers.ts';
import { fleetHandlers } from './handlers/fleet-handlers.ts';
import { healthHandlers } from './handlers/health-handlers.ts';
import { jobHandlers } from './handlers/job-handlers.ts';
import { outputHandlers } from './handlers/output-handlers.ts';
import { ownerHandlers } from './handlers/owner-handlers.ts';
import { ownHandlers } from './handlers/own-handlers.ts';
import { peopleHandlers } from './handlers/people-handlers.ts';
import { planHandlers } from './handlers/plan-handlers.ts';
import { policyHandlers } from './handlers/policy-handlers.ts';
import { profileHandlers, type ProfileParts } from './handlers/profile-handlers.ts';
import { redactionHandlers } from './handlers/redaction-handlers.ts';
import { reconciliationHandlers, type ReconciliationDesk } from './handlers/reconciliation-handlers.ts';
import { retryHandlers } from './handlers/retry-handlers.ts';
import type { CopyKeeper } from './copy-keeper.ts';
import type { PersonBoard } from './person-board.ts';
import type { PlanHost } from './plan-host.ts';
import { redactedCopy } from './redaction/redacted-copy.ts';
import type { RedactionBoard } from './redaction/redaction-board.ts';

/** What the answers are made from. */
export interface HandlerParts {
  readonly copy: ReadCopy;
  readonly keeper: CopyKeeper;
  readonly status: () => EngineStatus;
  /** Where jobs are retried and cancelled; null while there has been no server. */
  readonly desk: () => JobDesk | null;
  /** Where plans of many retries are made and run; null while there has been no server. */
  readonly plans: () => PlanHost | null;
  /** Where the runner of this machine keeps artefacts. */
  readonly artefactDir: string;
  /** Where exports are written. */
  readonly exportFolder: string;
  /** Error: `not_found` where this engine has no runner. */
  readonly controlRunner: (action: RunnerAction) => Promise<Result<RunnerStatus, AppError>>;
  readonly reconciliation: ReconciliationDesk;
  /** Views and drafts of the person, or why they cannot be had. */
  readonly own: Result<OwnFile, AppError>;
  readonly profiles: ProfileParts;
  /** Rules of alerts, or why there are none. */
  readonly alerts: Result<AlertDesk, AppError>;
  readonly doctor: DoctorParts;
  readonly person: PersonBoard;
  /** What is hidden from who sits here. */
  readonly redaction: RedactionBoard;
  /** Null where it could not be opened; then what must be recorded is refused before it comes here. */
  readonly auditFile: AuditFile | null;
  /** What stands on the server; null while it is away. */
  readonly store: () => Pick<
    Store,
    'people' | 'policies' | 'redaction' | 'audit' | 'reader' | 'writer' | 'failures' | 'changes'
  > | null;
  readonly now: () => number;
}

/** The answers to every request of the contract; each area has a file of its own. */
export function createHandlers(parts: HandlerParts): Handlers {
  const { redaction } = parts;
  const lens = (): Lens | null => redaction.lens();
  // Whatever is read of jobs for a window is read through this; what decides about jobs reads them from the server.
  const copy: ReadCopy = (signal) => {
    const seen = lens();
    const whole = parts.copy(signal);
    const fingerprintOf = (token: string): string | null => redaction.fingerprintOf(token);
    return seen === null ? whole : redactedCopy(whole, { lens: seen, fingerprintOf });
  };
  return {
    'status.get': () => ok(parts.status()),
    'runner.control': ({ action }) => parts.controlRunner(action),
    ...jobHandlers(copy, parts.store, lens),
    ...healthHandlers(copy),
    ...failureHandlers(new FailureDesk({ copy, store: parts.store, nowMs: parts.now }), redaction, parts.now),
    ...fleetHandlers(parts.store),
    ...caseHandlers({ copy, exportFolder: parts.exportFolder, lens, now: parts.now }),
    ...retryHandlers(parts.desk),
    ...reconciliationHandlers(parts.reconciliation, parts.status, lens),
    ...financeHandlers(parts.reconciliation),
    ...copyHandlers(parts.keeper, parts.store),
    ...ownerHandlers(copy),
    ...outputHandlers(copy, parts.artefactDir, lens),
    ...ownHandlers(parts.own),
    ...profileHandlers(parts.profiles),
    ...exportHandlers(parts.profiles.shell, parts.exportFolder),
    ...alertHandlers(parts.alerts),
    ...doctorHandlers(parts.doctor),
    ...planHandlers({ host: parts.plans, copy: parts.copy, exportFolder: parts.exportFolder, redaction }),
    ...redactionHandlers({ copy: parts.copy, store: parts.store, board: redaction }),
    ...policyHandlers({ copy: parts.copy, store: parts.store, now: parts.now }),
    ...peopleHandlers(() => parts.store()?.people ?? null, parts.person, parts.now),
    ...auditHandlers(parts.auditFile, () => parts.store()?.audit ?? null),
  };
}

/**
 * The answers of an engine that could not start: its status says why, and so does everything else but connections, by which
 * people leave for another one, and the doctor.
 */
export function createFailedHandlers(
  error: AppError,
  status: () => EngineStatus,
  { profiles, doctor }: Pick<HandlerParts, 'profiles' | 'doctor'>,
): Handlers {
  const refuse = (): Result<never, AppError> => err(error);
  // Object.fromEntries forgets the names that it was given (microsoft/TypeScript#35745).
  const refusals = Object.fromEntries(requestNameSchema.options.map((name) => [name, refuse])) as Record<
    RequestName,
    typeof refuse
  >;
  return { ...refusals, 'status.get': () => ok(status()), ...profileHandlers(profiles), ...doctorHandlers(doctor) };
}
