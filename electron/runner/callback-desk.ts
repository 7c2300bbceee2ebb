import { createHmac, timingSafeEqual } from 'node:crypto';

/** A callback that is waited for. */
export interface Expectation {
  /** Where the provider is to send it. Not to be guessed, and the same for the same purchase. */
  readonly url: string;
  /** The body of the next callback, as text, as soon as one has come; rejects with the signal's reason. */
  received(signal: AbortSignal): Promise<string>;
  /** Nobody waits any more. Idempotent. */
  end(): void;
}

/** What has come for one who waits, and was not looked at yet. */
interface Inbox {
  readonly bodies: string[];
  onBody: () => void;
}

/** How many bytes a callback may have. */
export const CALLBACK_BYTES_MAX = 16 * 1024 * 1024;
/** So many callbacks may wait to be looked at; the provider sends those beyond again. */
const UNREAD_MAX = 16;
const PATH = '/callbacks/';

/**
 * Where providers report by themselves. The address of a purchase is derived from its idempotency key with a secret, so it is
 * the same after a restart, and who does not know it cannot report anything. What nobody waits for is refused, and the
 * provider tries again later or is asked by the next attempt.
 */
export class CallbackDesk {
  readonly #baseUrl: string;
  readonly #secret: string;
  readonly #waiting = new Map<string, Set<Inbox>>();

  /** @param baseUrl how providers reach the listener, without a path's last slash */
  constructor(baseUrl: string, secret: string) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#secret = secret;
  }

  /** To be called before the provider is asked, because it may be quick. */
  expect(provider: string, idempotencyKey: string): Expectation {
    const token = createHmac('sha256', this.#secret).update(`${provider}\n${idempotencyKey}`).digest('hex');
    const inboxes = this.#waiting.get(token) ?? new Set();
    const inbox: Inbox = { bodies: [], onBody: () => undefined };
    this.#waiting.set(token, inboxes.add(inbox));
    return {
      url: `${this.#baseUrl}${PATH}${token}`,
      received: (signal) => nextOf(inbox, signal),
      end: () => {
        inboxes.delete(inbox);
        if (inboxes.size === 0) this.#waiting.delete(token);
      },
    };
  }

  /** Whether a callback at this path is waited for. */
  isExpected(path: string): boolean {
    return this.#waitingAt(path) !== null;
  }

  /** @returns false where nobody waits for it, or has looked at what came before */
  receive(path: string, body: string): boolean {
    const open = [...(this.#waitingAt(path) ?? [])].filter(({ bodies }) => bodies.length < UNREAD_MAX);
    for (const inbox of open) {
      inbox.bodies.push(body);
      inbox.onBody();
    }
    return open.length > 0;
  }

  #waitingAt(path: string): ReadonlySet<Inbox> | null {
    const token = path.startsWith(PATH) ? Buffer.from(path.slice(PATH.length)) : Buffer.alloc(0);
    for (const [known, waiting] of this.#waiting) {
      const expected = Buffer.from(known);
      if (expected.length === token.length && timingSafeEqual(expected, token)) return waiting;
    }
    return null;
  }
}

function nextOf(inbox: Inbox, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      inbox.onBody = () => undefined;
      reject(reasonOf(signal));
    };
    const take = (): void => {
      const body = inbox.bodies.shift();
      if (body === undefined) return;
      inbox.onBody = () => undefined;
      signal.removeEventListener('abort', stop);
      resolve(body);
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    inbox.onBody = take;
    take();
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('The attempt was stopped.', 'AbortError');
}
