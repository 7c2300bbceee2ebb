import type { MessagePortMain } from 'electron';
import { STATUS_REQUESTS } from '#contract/requests/status.ts';
import type { RunnerAction } from '#contract/runner-action.ts';
import type { EngineStatus } from '#contract/status.ts';
import { toWindowSchema, type ToEngine } from '#contract/wire.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** The part of a port that a line needs. */
export type LinePort = Pick<MessagePortMain, 'postMessage' | 'start'> & {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
};

const STATUS_ID = 0;

/**
 * The shell's own line to the engine, for what stands outside of any window. It speaks the windows' contract, so that the engine
 * holds it to the same permissions as them.
 */
export class EngineLine {
  readonly #onStatus: (status: EngineStatus | null) => void;
  readonly #log: (line: string) => void;
  #port: LinePort | null = null;
  #lastId = STATUS_ID;

  /** @param onStatus called with each status of the engine, and with null when it has gone */
  constructor(onStatus: (status: EngineStatus | null) => void, log: (line: string) => void) {
    this.#onStatus = onStatus;
    this.#log = log;
  }

  /** Takes the port to an engine that has just started; null where it has gone. */
  connect(port: LinePort | null): void {
    this.#port = port;
    if (port === null) {
      this.#onStatus(null);
      return;
    }
    port.on('message', ({ data }) => {
      if (this.#port === port) this.#receive(data);
    });
    port.start();
    this.#send({ type: 'request', id: STATUS_ID, name: 'status.get', params: {} });
  }

  /** Pauses or resumes this machine's runner; a refusal goes to the log. */
  control(action: RunnerAction): void {
    this.#lastId += 1;
    this.#send({ type: 'request', id: this.#lastId, name: 'runner.control', params: { action } });
  }

  #send(message: ToEngine): void {
    this.#port?.postMessage(message);
  }

  #receive(data: unknown): void {
    const parsed = safeParse(toWindowSchema, data);
    if (!parsed.success) {
      this.#log('the engine sent the tray a message that is none of the contract');
      return;
    }
    const message = parsed.data;
    if (message.type === 'events') {
      for (const event of message.events) if (event.name === 'status.changed') this.#onStatus(event.status);
    } else if (message.type === 'failure')
      this.#log(`the tray was refused: ${message.error.code} ${message.error.detail ?? ''}`.trimEnd());
    else if (message.id === STATUS_ID) {
      const status = safeParse(STATUS_REQUESTS['status.get'].result, message.result);
      if (status.success) this.#onStatus(status.data);
    }
  }
}
