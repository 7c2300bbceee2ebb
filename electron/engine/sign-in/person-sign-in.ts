import type { SignInStatus } from '#contract/status.ts';
import type { ConnectionProfile, ProfileLogin } from '#domain/connection-profile.ts';
import { appError, isSignInError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { isSignedIn, labelOf } from '#store/server-address.ts';
import type { SignIn } from '#store/sign-in.ts';
import type { EngineConfig } from '../messages.ts';
import type { Shell } from '../shell-link.ts';
import { SignInDesk } from './sign-in-desk.ts';

/** What it needs of the engine around it. */
export interface PersonSignInOptions {
  /** Opens pages: the desktop around, which alone reaches the system's browser. */
  readonly shell: Shell;
  readonly onChange: (status: SignInStatus) => void;
  /** Called where the connection that is open may be tried again at once. */
  readonly onBegin: () => void;
  readonly now: () => number;
}

/** The sign-ins in the browser of who sits here: for the connection that is open, and for those that are tried. */
export class PersonSignIn {
  readonly #options: PersonSignInOptions;
  readonly #desk: SignInDesk;
  #status: SignInStatus = { isUsed: false, waiting: null };
  /** The server of the connection that is open. */
  #server: string | null = null;

  constructor(options: PersonSignInOptions) {
    this.#options = options;
    this.#desk = new SignInDesk({
      openPage: (page, ended) => this.#openPage(page, ended),
      onWaiting: (waiting) => this.#set({ ...this.#status, waiting }),
      now: options.now,
    });
  }

  /** For the connection that is open; null where nobody signs in to it in the browser. */
  forConnection({ profile, signInHosts, opensSignIn }: EngineConfig, uri: string, server: string): SignIn | null {
    if (!isSignedIn(uri)) return null;
    this.#server = server;
    if (!opensSignIn) this.#desk.hold(server);
    this.#set({ ...this.#status, isUsed: true });
    const settings = profile === null ? { allowedHosts: signInHosts, redirectPort: null } : settingsOf(profile.login);
    return this.#desk.forServer({ server, ...settings });
  }

  /** For a connection that somebody has just asked to try; null where nobody signs in to it in the browser. */
  forTrial({ address, database, login }: ConnectionProfile): SignIn | null {
    const label = labelOf(address, database);
    if (login.type !== 'oidc_person' || !label.ok) return null;
    this.#desk.begin(label.value);
    return this.#desk.forServer({ server: label.value, ...settingsOf(login) });
  }

  /** What the person at the window wants. Errors of `open`: `not_found`, those of opening. */
  async act(act: 'begin' | 'open' | 'cancel'): Promise<Result<Record<string, never>, AppError>> {
    if (act === 'cancel') this.#desk.cancel();
    if (act === 'begin' && this.#server !== null) {
      this.#desk.begin(this.#server);
      this.#options.onBegin();
    }
    const opened = act === 'open' ? await this.#desk.openAgain() : ok(undefined);
    return opened.ok ? ok({}) : opened;
  }

  /** Idempotent. */
  stop(): void {
    this.#desk.stop();
  }

  async #openPage(
    page: { readonly url: string; readonly server: string },
    ended: AbortSignal,
  ): Promise<Result<unknown, AppError>> {
    const opened = await this.#options.shell.ask('signIn.open', page, ended);
    if (opened.ok || isSignInError(opened.error)) return opened;
    return err(appError('sign_in_blocked', opened.error.detail));
  }

  #set(status: SignInStatus): void {
    this.#status = status;
    this.#options.onChange(status);
  }
}

function settingsOf(login: ProfileLogin): {
  readonly allowedHosts: readonly string[] | null;
  readonly redirectPort: number | null;
} {
  if (login.type !== 'oidc_person') return { allowedHosts: null, redirectPort: null };
  const { allowedHosts, redirectPort } = login;
  return { allowedHosts: allowedHosts.length === 0 ? null : allowedHosts, redirectPort };
}
