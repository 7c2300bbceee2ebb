import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type { SignIn, SignInTokens } from '#store/sign-in.ts';
import type { DeskSettings, FromDesk } from './desk-messages.ts';

/** Asks the host of a thread for the sign-in that all clients share: who signed in once is asked by no thread again. */
export class HostSignIn {
  readonly #waiting = new Map<number, (answer: Result<SignInTokens, AppError>) => void>();
  readonly signIn: SignIn;
  #lastId = 0;

  constructor({ allowedHosts }: NonNullable<DeskSettings['signIn']>, say: (message: FromDesk) => void) {
    this.signIn = {
      allowedHosts,
      newClient: () => (question) => {
        const id = (this.#lastId += 1);
        return new Promise((resolve) => {
          this.#waiting.set(id, resolve);
          say({ type: 'signIn', id, question });
        });
      },
      // The connection that windows see hears of it as well, and says it.
      refused: () => undefined,
    };
  }

  /** Takes the host's answer; one that nobody waits for is dropped. */
  answered(id: number, answer: Result<SignInTokens, AppError>): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
