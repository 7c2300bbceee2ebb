import type { MongoClientOptions } from 'mongodb';
import type { ConnectionString } from 'mongodb-connection-string-url';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** What a server says of who may sign people in for it, and what the driver adds to that. */
export const signInQuestionSchema = z.object({
  issuer: z.url().max(2000),
  clientId: z.string().min(1).max(500),
  requestScopes: z.array(z.string().max(200)).max(50),
  /** Whom the provider may offer first; null leaves it to the person. */
  userHint: z.string().max(300).nullable(),
  /** What renews a sign-in without a page; null where there is none. */
  refreshToken: z.string().nullable(),
});
export type SignInQuestion = z.infer<typeof signInQuestionSchema>;

/** Proof of who somebody is. It stays in memory: never in a file, a log or a window. */
export const signInTokensSchema = z.object({
  accessToken: z.string().min(1),
  expiresInSeconds: z.number().nullable(),
  refreshToken: z.string().nullable(),
});
export type SignInTokens = z.infer<typeof signInTokensSchema>;

/** Asks for tokens in the name of one client. Errors: those whose codes begin with `sign_in_`. */
export type AskSignIn = (
  question: SignInQuestion,
  signal: AbortSignal | null,
) => Promise<Result<SignInTokens, AppError>>;

/** How people sign in to a server with the identity provider that it names. */
export interface SignIn {
  /** Whom tokens may be sent to, as the driver's ALLOWED_HOSTS; null for the driver's own list. */
  readonly allowedHosts: readonly string[] | null;
  /** One for each client: what was handed to a client before, and is asked for again, is of no use any more. */
  readonly newClient: () => AskSignIn;
  /** Tells that the server refused whom it was shown. */
  readonly refused: (error: AppError) => void;
}

/** What ends a sign-in, as it passes through the driver and through signals. */
export class SignInError extends Error {
  readonly #error: AppError;

  constructor(error: AppError) {
    super(error.detail ?? error.code);
    this.#error = error;
  }

  /** As a value of the catalogue. */
  toAppError(): AppError {
    return this.#error;
  }
}

/** True for an address whose login is a person's by OIDC: no machine's identity is named for it. */
export function isPersonsSignIn(uri: ConnectionString): boolean {
  const options = new Map([...uri.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  const properties = options.get('authmechanismproperties') ?? '';
  return options.get('authmechanism') === 'MONGODB-OIDC' && !/(?:^|,)ENVIRONMENT:/.test(properties);
}

/** The options of a client whose people sign in. The driver caches what it is handed for as long as the client lives. */
export function signInOptions({
  allowedHosts,
  newClient,
}: Pick<SignIn, 'allowedHosts' | 'newClient'>): MongoClientOptions {
  const ask = newClient();
  return {
    authMechanismProperties: {
      ...(allowedHosts === null ? {} : { ALLOWED_HOSTS: [...allowedHosts] }),
      OIDC_HUMAN_CALLBACK: async ({ idpInfo, username, refreshToken, timeoutContext }) => {
        const question = safeParse(signInQuestionSchema, {
          ...idpInfo,
          requestScopes: idpInfo?.requestScopes ?? [],
          userHint: username ?? null,
          refreshToken: refreshToken ?? null,
        });
        if (!question.success)
          throw new SignInError(appError('sign_in_unreachable', 'the server names no identity provider'));
        const tokens = await ask(question.data, timeoutContext);
        if (!tokens.ok) throw new SignInError(tokens.error);
        // The driver refuses an answer with any other field.
        const { accessToken, expiresInSeconds, refreshToken: next } = tokens.value;
        return {
          accessToken,
          ...(expiresInSeconds === null ? {} : { expiresInSeconds }),
          ...(next === null ? {} : { refreshToken: next }),
        };
      },
    },
  };
}
