import type { SignInStatus } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { SignInError, type AskSignIn, type SignIn, type SignInQuestion, type SignInTokens } from '#store/sign-in.ts';

// What speaks to providers is loaded when somebody signs in (`authorization.ts`): no other start needs it.

/** What a desk needs. */
export interface SignInDeskOptions {
  /**
   * Opens a provider's page for a person who wants to reach `server`, unless `ended` says that nobody waits for it any more. Errors:
   * `sign_in_blocked`, `sign_in_cancelled`.
   */
  readonly openPage: (
    page: { readonly url: string; readonly server: string },
    ended: AbortSignal,
  ) => Promise<Result<unknown, AppError>>;
  /** Called whenever somebody begins or ends to be waited for. */
  readonly onWaiting: (waiting: SignInStatus['waiting']) => void;
  readonly now: () => number;
  /** How long a person may take, in milliseconds; a little less than the driver's five minutes, so that we say it ourselves. */
  readonly personMsMax?: number;
}

/** The server that a person signs in to. */
export interface SignInServer {
  /** Hosts and database, for people. Tokens of one are never handed to another. */
  readonly server: string;
  readonly allowedHosts: readonly string[] | null;
  readonly redirectPort: number | null;
}

interface KeptTokens extends SignInTokens {
  /** Whose they are; for another provider, or somebody else at it, they are asked for anew. */
  readonly of: string;
  readonly gotAtMs: number;
  readonly endsAtMs: number;
}

/** The sign-in to one server, shared by all of its clients. */
interface Account {
  tokens: KeptTokens | null;
  /** What is under way; whoever asks meanwhile waits for the same. */
  underWay: Promise<Result<KeptTokens, AppError>> | null;
  /** Why no page is opened by itself; null where one may be, once. */
  refusal: AppError | null;
}

/** A sign-in by a page, with the page once it is known. */
interface Person {
  readonly stop: AbortController;
  /** Aborts when the sign-in is over, however it ended. */
  readonly ended: AbortSignal;
  readonly server: string;
  page: { readonly url: string; readonly endsAtMs: number } | null;
}

const PERSON_MS_MAX = 290_000;
/** A token is renewed so long before its end, in milliseconds: clocks differ. */
const ENDS_BEFORE_MS = 30_000;
/** A client that asks so soon again, in milliseconds, did so for two of its connections at once, and not because a server refused it. */
const SAME_MOMENT_MS = 3000;

/**
 * Signs people in, once for all clients that a connection opens. A page is opened only where a person has just asked to connect;
 * whatever ends a sign-in is remembered, so that no browser opens behind anybody's back while the program tries again by itself.
 */
export class SignInDesk {
  readonly #options: SignInDeskOptions;
  readonly #accounts = new Map<string, Account>();
  /** The sign-ins by a page that are under way; the one that began last is shown, opened again and cancelled. */
  #persons: readonly Person[] = [];
  readonly #stopping = new AbortController();

  constructor(options: SignInDeskOptions) {
    this.#options = options;
  }

  /** How clients of a server ask for tokens. */
  forServer(server: SignInServer): SignIn {
    return {
      allowedHosts: server.allowedHosts,
      refused: (error) => this.#refused(server.server, error),
      newClient: () => {
        let last: KeptTokens | null = null;
        const ask: AskSignIn = async (question, signal) => {
          const got = await this.#tokens(server, question, last, signal);
          if (!got.ok) return got;
          last = got.value;
          const { accessToken, refreshToken, endsAtMs } = got.value;
          const leftMs = endsAtMs - this.#options.now();
          const expiresInSeconds = Number.isFinite(leftMs) ? Math.max(0, Math.floor(leftMs / 1000)) : null;
          return ok({ accessToken, refreshToken, expiresInSeconds });
        };
        return ask;
      },
    };
  }

  /** Somebody asks to connect: the next page may be opened. Tokens that are there stay. */
  begin(server: string): void {
    this.#account(server).refusal = null;
  }

  /** Nobody has asked to connect: no page is opened before somebody does. */
  hold(server: string): void {
    this.#account(server).refusal = appError('sign_in_needed');
  }

  /** That sign-in is of no use, and the next one is a person's to begin. */
  #refused(server: string, error: AppError): void {
    const account = this.#account(server);
    account.tokens = null;
    account.refusal = error;
  }

  /** Opens the page once more that somebody is waited for at. Errors: `not_found` where there is none; those of opening. */
  async openAgain(): Promise<Result<unknown, AppError>> {
    const person = this.#persons.at(-1);
    if (person === undefined || person.page === null) return err(appError('not_found', 'nobody is waited for'));
    return this.#options.openPage({ url: person.page.url, server: person.server }, person.ended);
  }

  /** Waits for nobody any more. */
  cancel(): void {
    this.#persons.at(-1)?.stop.abort(new SignInError(appError('sign_in_cancelled')));
  }

  /** Ends what is under way and forgets every token. Idempotent. */
  stop(): void {
    this.#stopping.abort(new SignInError(appError('sign_in_cancelled')));
    this.#accounts.clear();
  }

  #account(server: string): Account {
    const known = this.#accounts.get(server);
    if (known !== undefined) return known;
    const account: Account = { tokens: null, underWay: null, refusal: null };
    this.#accounts.set(server, account);
    return account;
  }

  async #tokens(
    server: SignInServer,
    question: SignInQuestion,
    last: KeptTokens | null,
    signal: AbortSignal | null,
  ): Promise<Result<KeptTokens, AppError>> {
    if (this.#stopping.signal.aborted) return err(appError('sign_in_cancelled'));
    const account = this.#account(server.server);
    while (account.underWay !== null) {
      const shared = await account.underWay;
      if (!shared.ok || shared.value.of === nameOf(question)) return shared;
    }
    const { tokens } = account;
    if (tokens?.of === nameOf(question) && this.#isGoodFor(tokens, last)) return ok(tokens);
    account.underWay = this.#anew(account, server, question, signal);
    try {
      return await account.underWay;
    } finally {
      account.underWay = null;
    }
  }

  /** A client that was handed these tokens before asks again because they are of no use any more, unless it was just now. */
  #isGoodFor(tokens: KeptTokens, last: KeptTokens | null): boolean {
    const nowMs = this.#options.now();
    if (tokens.endsAtMs - nowMs <= ENDS_BEFORE_MS) return false;
    return tokens !== last || nowMs - tokens.gotAtMs < SAME_MOMENT_MS;
  }

  async #anew(
    account: Account,
    server: SignInServer,
    question: SignInQuestion,
    signal: AbortSignal | null,
  ): Promise<Result<KeptTokens, AppError>> {
    // Of several that were given one after the other only the last one is good.
    const kept = account.tokens?.of === nameOf(question) ? account.tokens.refreshToken : null;
    const refreshToken = kept ?? question.refreshToken;

    if (refreshToken !== null) {
      const { renew } = await import('./authorization.ts');
      const renewed = await renew({ ...question, refreshToken }, this.#anyOf(signal));
      if (renewed.ok) return ok(this.#keep(account, question, renewed.value));
      // What is only out of reach is tried again later, with the same token, which the driver keeps as well.
      if (renewed.error.code !== 'sign_in_denied') return renewed;
    }
    account.tokens = null;
    if (account.refusal !== null) return err(account.refusal);
    const signedIn = await this.#atPage(account, server, question, signal);
    if (signedIn.ok) return ok(this.#keep(account, question, signedIn.value));
    // Before a page was opened a provider that is out of reach may be tried again by itself.
    if (signedIn.error.code !== 'sign_in_unreachable') account.refusal = signedIn.error;
    return signedIn;
  }

  #keep(account: Account, question: SignInQuestion, tokens: SignInTokens): KeptTokens {
    const gotAtMs = this.#options.now();
    const endsAtMs = tokens.expiresInSeconds === null ? Infinity : gotAtMs + tokens.expiresInSeconds * 1000;
    const kept = { ...tokens, of: nameOf(question), gotAtMs, endsAtMs };
    account.tokens = kept;
    return kept;
  }

  #anyOf(...signals: readonly (AbortSignal | null)[]): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, ...signals.filter((signal) => signal !== null)]);
  }

  async #atPage(
    account: Account,
    { server, redirectPort }: SignInServer,
    question: SignInQuestion,
    signal: AbortSignal | null,
  ): Promise<Result<SignInTokens, AppError>> {
    const { openPage, now, personMsMax = PERSON_MS_MAX } = this.#options;
    const [stop, over] = [new AbortController(), new AbortController()];
    const person: Person = { stop, ended: over.signal, server, page: null };
    this.#persons = [...this.#persons, person];
    const endsAtMs = now() + personMsMax;
    const timer = setTimeout(() => stop.abort(new SignInError(appError('sign_in_timed_out'))), personMsMax);
    try {
      const { authorize } = await import('./authorization.ts');
      return await authorize(question, {
        redirectPort,
        signal: this.#anyOf(stop.signal, signal),
        openPage: (url) => {
          person.page = { url, endsAtMs };
          account.refusal = appError('sign_in_needed');
          this.#tellWaiting();
          return openPage({ url, server }, over.signal);
        },
      });
    } finally {
      clearTimeout(timer);
      over.abort();
      this.#persons = this.#persons.filter((other) => other !== person);
      this.#tellWaiting();
    }
  }

  #tellWaiting(): void {
    const { server, page } = this.#persons.at(-1) ?? { server: '', page: null };
    this.#options.onWaiting(page === null ? null : { server, host: new URL(page.url).host, endsAtMs: page.endsAtMs });
  }
}

function nameOf({ issuer, clientId, requestScopes, userHint }: SignInQuestion): string {
  return JSON.stringify([issuer, clientId, requestScopes, userHint]);
}
