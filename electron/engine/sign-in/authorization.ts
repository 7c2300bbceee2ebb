import * as oidc from 'openid-client';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { SignInQuestion, SignInTokens } from '#store/sign-in.ts';
import { RedirectListener } from './redirect-listener.ts';
import { stoppedBy } from './stopped-by.ts';

/** How a person is led to the identity provider's page. */
export interface AuthorizationOptions {
  /** The port that the provider knows by heart; null takes a free one. */
  readonly redirectPort: number | null;
  /** Opens the page. Errors: `sign_in_blocked`, `sign_in_cancelled`. */
  readonly openPage: (url: string) => Promise<Result<unknown, AppError>>;
  readonly signal: AbortSignal;
}

/** How long the provider may take for one answer, in seconds. */
const ANSWER_SECONDS_MAX = 15;

/**
 * Signs a person in: the authorization code flow with PKCE (RFC 7636, RFC 8252), in the system's browser. State and nonce belong to
 * this one attempt. Errors: `sign_in_denied`, `sign_in_timed_out`, `sign_in_cancelled`, `sign_in_unreachable`, `sign_in_forged`,
 * `sign_in_blocked`, `sign_in_untrusted`.
 */
export async function authorize(
  question: SignInQuestion,
  { redirectPort, openPage, signal }: AuthorizationOptions,
): Promise<Result<SignInTokens, AppError>> {
  const provider = await discover(question, signal);
  if (!provider.ok) return provider;
  const fault = pageFault(question, provider.value);
  if (fault !== null) return err(fault);
  const listener = await RedirectListener.open(redirectPort);
  if (!listener.ok) return listener;
  const [verifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
  try {
    const page = oidc.buildAuthorizationUrl(provider.value, {
      redirect_uri: listener.value.redirectUri,
      scope: scopesOf(question, provider.value).join(' '),
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(question.userHint === null ? {} : { login_hint: question.userHint }),
    });
    const opened = await unlessStopped(openPage(page.href), signal);
    if (!opened.ok) return opened;
    const came = await listener.value.take(state, signal);
    if (!came.ok) return came;
    const tokens = await attempt(question, signal, () =>
      oidc.authorizationCodeGrant(provider.value, came.value, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      }),
    );
    listener.value.answer(tokens.ok);
    return tokens.ok ? ok(tokensOf(tokens.value, null)) : tokens;
  } finally {
    listener.value.close();
  }
}

/** Renews a sign-in without anybody having to do anything. Errors: those of {@link authorize}; `sign_in_denied` where it cannot be renewed. */
export async function renew(
  question: SignInQuestion & { readonly refreshToken: string },
  signal: AbortSignal,
): Promise<Result<SignInTokens, AppError>> {
  const provider = await discover(question, signal);
  if (!provider.ok) return provider;
  const tokens = await attempt(question, signal, () => oidc.refreshTokenGrant(provider.value, question.refreshToken));
  // A provider that gives no new one lets the old one stand.
  return tokens.ok ? ok(tokensOf(tokens.value, question.refreshToken)) : tokens;
}

async function discover(question: SignInQuestion, signal: AbortSignal): Promise<Result<oidc.Configuration, AppError>> {
  const { issuer, clientId } = question;
  const url = new URL(issuer);
  // Without encryption only on this machine itself, where there is no network to listen on.
  if (url.protocol !== 'https:' && !isLoopback(url))
    return err(appError('sign_in_untrusted', `the identity provider ${url.origin} is not reached by https`));
  return attempt(question, signal, () =>
    oidc.discovery(url, clientId, undefined, oidc.None(), {
      execute: isLoopback(url) ? [oidc.allowInsecureRequests] : [],
      timeout: ANSWER_SECONDS_MAX,
      [oidc.customFetch]: (address, options) =>
        fetch(address, {
          ...options,
          body: options.body ?? null,
          signal: options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]),
        }),
    }),
  );
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && (hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]');
}

/** Why a provider's page is not built; the library throws where it cannot be, and does not look at it before. */
function pageFault({ issuer }: SignInQuestion, provider: oidc.Configuration): AppError | null {
  const { protocol, host } = new URL(issuer);
  const { authorization_endpoint: place = '' } = provider.serverMetadata();
  if (!URL.canParse(place)) return appError('sign_in_unreachable', `${host}: it names no page to sign in at`);
  const page = new URL(place);
  return page.protocol === protocol
    ? null
    : appError('sign_in_untrusted', `the page ${page.origin} is not reached by ${protocol.slice(0, -1)}`);
}

/** Nobody waits longer for somebody who does not answer whether a page may be opened. */
async function unlessStopped(
  opening: Promise<Result<unknown, AppError>>,
  signal: AbortSignal,
): Promise<Result<unknown, AppError>> {
  const stopped = Promise.withResolvers<Result<unknown, AppError>>();
  const stop = (): void => stopped.resolve(err(stoppedBy(signal)));
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const opened = await Promise.race([stopped.promise, opening]);
  signal.removeEventListener('abort', stop);
  return opened;
}

/** Who may be asked to renew is asked for only where the provider says that it knows it: some refuse what they do not. */
function scopesOf({ requestScopes }: SignInQuestion, provider: oidc.Configuration): readonly string[] {
  // Whatever a provider writes there comes through the library as it is.
  const said: unknown = provider.serverMetadata().scopes_supported;
  const known: readonly unknown[] = Array.isArray(said) ? said : [];
  return [...new Set(['openid', ...(known.includes('offline_access') ? ['offline_access'] : []), ...requestScopes])];
}

type TokenAnswer = Pick<oidc.TokenEndpointResponse, 'access_token' | 'expires_in' | 'refresh_token'>;

function tokensOf(answer: TokenAnswer, refreshToken: string | null): SignInTokens {
  return {
    accessToken: answer.access_token,
    expiresInSeconds: answer.expires_in ?? null,
    refreshToken: answer.refresh_token ?? refreshToken,
  };
}

async function attempt<Value>(
  { issuer }: SignInQuestion,
  signal: AbortSignal,
  call: () => Promise<Value>,
): Promise<Result<Value, AppError>> {
  try {
    return ok(await call());
  } catch (cause) {
    return err(signal.aborted ? stoppedBy(signal) : toSignInError(cause, new URL(issuer).host));
  }
}

/** Codes of a provider's answer that belongs to no question of ours. */
const FORGED: ReadonlySet<string> = new Set(['OAUTH_JWT_CLAIM_COMPARISON_FAILED', 'OAUTH_INVALID_RESPONSE']);

/** Only codes and what the provider says for people go into a detail: the library's causes hold whole answers, and so tokens. */
function toSignInError(cause: unknown, host: string): AppError {
  if (cause instanceof oidc.AuthorizationResponseError || cause instanceof oidc.ResponseBodyError) {
    const said = cause.error_description === undefined ? '' : `: ${cause.error_description.slice(0, 200)}`;
    return appError('sign_in_denied', `${cause.error.slice(0, 100)}${said}`);
  }
  // Its message is ours, and its cause the provider's headers, which are for programs.
  if (cause instanceof oidc.WWWAuthenticateChallengeError)
    return appError('sign_in_denied', `${host} does not know this program (${cause.status})`);
  if (cause instanceof oidc.ClientError) {
    const { code = '' } = cause;
    if (FORGED.has(code)) return appError('sign_in_forged', cause.message);
    return appError('sign_in_unreachable', `${host}: ${cause.message}${code === '' ? '' : ` (${code})`}`);
  }
  // What fetch throws where nothing answers.
  if (cause instanceof TypeError) return appError('sign_in_unreachable', `${host}: ${cause.message}`);
  throw cause;
}
