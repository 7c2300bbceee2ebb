import type { Db } from 'mongodb';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { attemptCall } from './driver-errors.ts';

/** How long a measured offset is used before it is measured again, in milliseconds. */
const OFFSET_AGE_MS_MAX = 30_000;

const helloSchema = z.object({ localTime: z.date() });

/**
 * The server's clock on this machine: measured with `hello` and carried on by a monotonic clock. Good to about a round trip,
 * so it serves to choose candidates; leases and order are decided by `$$NOW` in the writes themselves.
 */
export class ServerClock {
  readonly #db: Db;
  readonly #monotonicMs: () => number;
  #measured: { readonly serverMs: number; readonly atMs: number } | null = null;

  constructor(db: Db, monotonicMs: () => number) {
    this.#db = db;
    this.#monotonicMs = monotonicMs;
  }

  /** The server's time now; asks the server only when the last measurement is old. */
  async now(): Promise<Result<Date, AppError>> {
    if (this.#measured === null || this.#monotonicMs() - this.#measured.atMs > OFFSET_AGE_MS_MAX) {
      const sentAt = this.#monotonicMs();
      const reply = await attemptCall(() => this.#db.admin().command({ hello: 1 }));
      if (!reply.ok) return reply;
      const hello = safeParse(helloSchema, reply.value);
      if (!hello.success) return err(appError('server_error', 'the server does not tell its time'));
      const receivedAt = this.#monotonicMs();
      this.#measured = {
        serverMs: hello.data.localTime.getTime() + (receivedAt - sentAt) / 2,
        atMs: receivedAt,
      };
    }
    return ok(new Date(this.#measured.serverMs + (this.#monotonicMs() - this.#measured.atMs)));
  }
}
