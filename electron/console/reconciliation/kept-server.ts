import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';

/** The server as the desks of finance need it. */
export type DeskServer = Pick<Store, 'reader' | 'finance' | 'close'>;

/** A connection that is opened when it is first needed and kept; one that could not be opened is tried again the next time. */
export class KeptServer {
  readonly #connect: () => Promise<Result<DeskServer, AppError>>;
  #opening: Promise<Result<DeskServer, AppError>> | null = null;

  constructor(connect: () => Promise<Result<DeskServer, AppError>>) {
    this.#connect = connect;
  }

  /** Errors: those of connecting. */
  async open(): Promise<Result<DeskServer, AppError>> {
    const opening = (this.#opening ??= this.#connect());
    const opened = await opening;
    if (!opened.ok && this.#opening === opening) this.#opening = null;
    return opened.ok ? ok(opened.value) : opened;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const opened = await this.#opening;
    this.#opening = null;
    if (opened?.ok === true) await opened.value.close();
  }
}
