import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** The desktop as pages of identity providers need it. */
export interface SignInDesktop {
  /** Asks the person whether a page of this host may be opened to sign in to this server; once it is `withdrawn`, nobody need answer. */
  readonly agree: (host: string, server: string, withdrawn: AbortSignal) => Promise<boolean>;
  /** Hands a page to the system's browser. */
  readonly open: (url: string) => void;
}

/** At least so long between two pages, in milliseconds. */
const BETWEEN_MS_MIN = 1000;

/**
 * The page of an identity provider, null for what is no request for a sign-in that comes back to this machine and to nobody else
 * (authorization code with PKCE, RFC 8252). Without encryption only where the provider is this machine itself.
 */
export function signInPageOf(url: string): URL | null {
  if (!URL.canParse(url)) return null;
  const page = new URL(url);
  const { protocol, hostname, username, password, hash, searchParams } = page;
  const isOwn = protocol === 'http:' && (hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]');
  if ((protocol !== 'https:' && !isOwn) || username !== '' || password !== '' || hash !== '') return null;
  // A provider's address may have a query of its own: of what is named twice nobody knows which one is read there.
  const names = [...searchParams.keys()];
  if (new Set(names).size < names.length) return null;
  const isCode =
    searchParams.get('response_type') === 'code' &&
    searchParams.get('code_challenge_method') === 'S256' &&
    (searchParams.get('code_challenge') ?? '') !== '' &&
    (searchParams.get('state') ?? '') !== '';
  const comesBack = /^http:\/\/(?:127\.0\.0\.1|localhost):\d{1,5}\/redirect$/.test(
    searchParams.get('redirect_uri') ?? '',
  );
  return isCode && comesBack ? page : null;
}

/**
 * Opens pages to sign in at. A server names whose page it is, and whoever can change a connection names the server; so the person is
 * asked, by the system's own dialog and once a run for each server and host, before any page of it is opened.
 */
export class SignInPages {
  readonly #desktop: SignInDesktop;
  readonly #monotonicMs: () => number;
  readonly #agreed = new Set<string>();
  #lastMs: number | null = null;
  /** Dialogs do not pile up, whoever asks for another one meanwhile. */
  #isAsking = false;

  constructor(desktop: SignInDesktop, monotonicMs: () => number) {
    this.#desktop = desktop;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Errors: `sign_in_blocked` for what is no such page or comes too soon, `sign_in_cancelled` where the person does not want it.
   * @param withdrawn aborts when nobody waits for the page any more: it is not opened then, whatever the person answers
   */
  async open(url: string, server: string, withdrawn: AbortSignal): Promise<Result<Record<string, never>, AppError>> {
    const page = signInPageOf(url);
    if (page === null) return err(appError('sign_in_blocked', 'the identity provider names no page to sign in at'));
    const nowMs = this.#monotonicMs();
    if (this.#lastMs !== null && nowMs - this.#lastMs < BETWEEN_MS_MIN) {
      return err(appError('sign_in_blocked', 'another page was opened a moment ago'));
    }
    this.#lastMs = nowMs;
    const name = JSON.stringify([server, page.origin]);
    if (!this.#agreed.has(name)) {
      if (this.#isAsking)
        return err(appError('sign_in_blocked', 'the question about another page is not answered yet'));
      if (!(await this.#ask(page.host, server, withdrawn))) return err(appError('sign_in_cancelled'));
      this.#agreed.add(name);
    }
    // It would lead to a page whose answer nothing listens for.
    if (withdrawn.aborted) return err(appError('sign_in_cancelled', 'the sign-in was over'));
    this.#desktop.open(page.href);
    return ok({});
  }

  async #ask(host: string, server: string, withdrawn: AbortSignal): Promise<boolean> {
    this.#isAsking = true;
    try {
      return await this.#desktop.agree(host, server, withdrawn);
    } finally {
      this.#isAsking = false;
    }
  }
}
