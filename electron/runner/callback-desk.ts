import { createHmac, timingSafeEqual } from 'node:crypto';

/** A callback that is waited for. */
export interface Expectation {
  /** Where the provider is to send it. Not to be guessed, and the same for the same purchase. */
  readonly url: string;
  /** The body of the callback, as text, as soon as one has come; rejects with the signal's reason. */
  received(signal: AbortSignal): Promise<string>;
  /** Nobody waits any more. Idempotent. */
  end(): void;
}

interface Waiting {
  readonly body: PromiseWithResolvers<string>;
  count: number;
}

/** How many bytes a callback may have. */
export const CALLBACK_BYTES_MAX = 16 * 1024 * 1024;
const PATH = '/callbacks/';

/**
 * Where providers report by themselves. The address of a purchase is derived from its idempotency key with a secret, so it is
 * the same after a restart, and who does not know it cannot report anything. What nobody waits for is refused, and the
 * provider tries again later or is asked by the next attempt.
 */
export class CallbackDesk {
  readonly #baseUrl: string;
  readonly #secret: string;
  readonly #waiting = new Map<string, Waiting>();

  /** @param baseUrl how providers reach the listener, without a path's last slash */
  constructor(baseUrl: string, secret: string) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#secret = secret;
  }

  /** To be called before the provider is asked, because it may be quick. */
  expect(provider: string, idempotencyKey: string): Expectation {
    const token = createHmac('sha256', this.#secret).update(`${provider}\n${idempotencyKey}`).digest('hex');
    const waiting = this.#waiting.get(token) ?? { body: Promise.withResolvers<string>(), count: 0 };
    waiting.count += 1;
    this.#waiting.set(token, waiting);
    let isOver = false;
    return {
      url: `${this.#baseUrl}${PATH}${token}`,
      received: (signal) => untilAborted(waiting.body.promise, signal),
      end: () => {
        if (isOver) return;
        isOver = true;
        waiting.count -= 1;
        if (waiting.count === 0) this.#waiting.delete(token);
      },
    };
  }

  /** Whether a callback at this path is waited for. */
  isExpected(path: string): boolean {
    return this.#waitingAt(path) !== null;
  }

  /** @returns false where nobody waits for it */
  receive(path: string, body: string): boolean {
    const waiting = this.#waitingAt(path);
    waiting?.body.resolve(body);
    return waiting !== null;
  }

  #waitingAt(path: string): Waiting | null {
    const token = path.startsWith(PATH) ? Buffer.from(path.slice(PATH.length)) : Buffer.alloc(0);
    for (const [known, waiting] of this.#waiting) {
      const expected = Buffer.from(known);
      if (expected.length === token.length && timingSafeEqual(expected, token)) return waiting;
    }
    return null;
  }
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) return Promise.reject(reasonOf(signal));
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('The attempt was stopped.', 'AbortError');
}
