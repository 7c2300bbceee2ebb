import { randomUUID } from 'node:crypto';
import type { OwnFile } from '#cache/own/open-own-file.ts';
import { AlertDesk, type AlertNotice } from '#console/alerts/alert-desk.ts';
import { AlertRecords } from '#console/alerts/alert-records.ts';
import type { ReconciliationState } from '#contract/reconciliation-views.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { isLivenessKnown } from '#domain/runner-node.ts';
import type { ReadCopy } from './handlers/handler.ts';
import type { Store } from '#store/connection.ts';

/** How often every rule is looked at, in milliseconds. */
const LOOK_MS = 15_000;

export interface AlertWatchParts {
  /** Where the rules are kept, or why they cannot be. */
  readonly own: Result<OwnFile, AppError>;
  readonly copy: ReadCopy;
  /** Null while the server is away. */
  readonly store: () => Pick<Store, 'reader'> | null;
  readonly reconciliation: () => Promise<ReconciliationState>;
  readonly notify: (notice: AlertNotice) => void;
  readonly onChange: () => void;
  readonly log: (line: string, cause?: unknown) => void;
}

/** Looks at the rules of alerts as long as the engine runs. */
export class AlertWatch {
  readonly #log: AlertWatchParts['log'];
  readonly #records: AlertRecords | null;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | null = null;
  /** The desk, or why there is none. */
  readonly desk: Result<AlertDesk, AppError>;

  constructor(parts: AlertWatchParts) {
    this.#log = parts.log;
    const records = parts.own.ok ? ok(new AlertRecords(parts.own.value)) : parts.own;
    this.#records = records.ok ? records.value : null;
    this.desk = records.ok ? ok(deskOf(parts, records.value)) : records;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  /** Looks at every rule now, unless that is under way. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Keeps what a reconciliation found, for rules that are tried later. */
  reconciled({ last }: ReconciliationState): void {
    if (last === null || this.#records === null) return;
    const kept = this.#records.addRun({ id: last.runId, asOfMs: last.asOfMs, findings: last.findings });
    if (!kept.ok) this.#log('what reconciliation found could not be kept for alerts', kept.error);
  }

  /** Ends when what is under way is done, so that nothing is read or written afterwards. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    if (!this.desk.ok) return;
    const looked = await this.desk.value.look();
    if (!looked.ok) this.#log('alerts could not be looked at', looked.error);
  }
}

function deskOf({ copy, store, reconciliation, notify, onChange }: AlertWatchParts, records: AlertRecords): AlertDesk {
  return new AlertDesk({
    records,
    copy,
    serverNow: async () => {
      const now = await store()?.reader.serverNow();
      return now?.ok === true ? now.value : null;
    },
    runners: () => knownRunners(store()),
    lastRun: async () => (await reconciliation()).last,
    now: Date.now,
    minuteOfDay: () => {
      const now = new Date();
      return now.getHours() * 60 + now.getMinutes();
    },
    newId: randomUUID,
    notify,
    onChange,
  });
}

async function knownRunners(store: Pick<Store, 'reader'> | null) {
  if (store === null) return null;
  const [runners, serverNow] = await Promise.all([store.reader.listRunners(), store.reader.serverNow()]);
  if (!runners.ok || !serverNow.ok || !isLivenessKnown(runners.value, serverNow.value)) return null;
  return { runners: runners.value.values, serverNow: serverNow.value };
}
