import { CREDIT_SCALE } from '#domain/credits.ts';
import type {
  ConnectionStatus,
  CopyNote,
  CopyUpgrade,
  EngineStatus,
  JobCounts,
  MonitorStatus,
  RedactionStatus,
  RunnerStatus,
  SignInStatus,
} from '#contract/status.ts';

import type { PersonStatus } from '#contract/person-views.ts';
import type { OpenProfile } from '#contract/profile-views.ts';

const NO_COUNTS: JobCounts = {
  total: 0,
  byState: { queued: 0, running: 0, validating: 0, completed: 0, failed: 0, retrying: 0 },
  byKind: {},
  malformed: 0,
};

/** Holds what the parts last said of themselves, and tells whoever listens when something of it changed. */
export class StatusBoard {
  readonly #onChange: (status: EngineStatus) => void;
  #status: EngineStatus;

  constructor(version: string, profile: OpenProfile, person: PersonStatus, onChange: (status: EngineStatus) => void) {
    this.#onChange = onChange;
    this.#status = {
      version,
      creditScale: CREDIT_SCALE,
      person,
      redaction: { version: null, isHiding: true },
      profile,
      connection: { state: 'connecting', label: '', isSandbox: false, attempt: 0 },
      signIn: { isUsed: false, waiting: null },
      monitor: { mode: 'starting', asOfMs: null, keptSinceMs: null, snapshot: null, error: null },
      copyNote: null,
      copyUpgrade: null,
      runner: { state: 'off', runnerId: null, concurrency: 0, active: 0, error: null },
      counts: NO_COUNTS,
    };
  }

  get current(): EngineStatus {
    return this.#status;
  }

  set(
    part: Partial<{
      person: PersonStatus;
      redaction: RedactionStatus;
      connection: ConnectionStatus;
      signIn: SignInStatus;
      monitor: MonitorStatus;
      copyNote: CopyNote;
      copyUpgrade: CopyUpgrade | null;
      runner: RunnerStatus;
      counts: JobCounts;
    }>,
  ): void {
    this.#status = { ...this.#status, ...part };
    this.#onChange(this.#status);
  }
}
