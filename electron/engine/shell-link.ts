import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { SHELL_ASKS, type ShellAnswer, type ShellAskName, type ShellParams, type ShellValue } from './shell-asks.ts';

/** The desktop around the engine, as the engine asks it. */
export interface Shell {
  /**
   * Errors: those of what is asked; `not_found` where there is no desktop around.
   * @param withdrawn tells the desktop that the answer is of no use any more, as one may be that a person takes long to give
   */
  ask<Name extends ShellAskName>(
    name: Name,
    params: ShellParams<Name>,
    withdrawn?: AbortSignal,
  ): Promise<Result<ShellValue<Name>, AppError>>;
}

/** What stands in for a desktop where the engine runs without one: there is nothing to ask. */
export const NO_SHELL: Shell = {
  ask: () => Promise.resolve(err(appError('not_found', 'connections are kept by the desktop application'))),
};

/** An ask on its way to the desktop, or word that it is of no use any more. */
export type SentAsk =
  | { readonly type: 'ask'; readonly id: number; readonly name: ShellAskName; readonly params: unknown }
  | { readonly type: 'withdraw'; readonly id: number };

/** Asks over the port to the process that started the engine; each answer finds its ask by number. */
export class ShellLink implements Shell {
  readonly #send: (ask: SentAsk) => void;
  readonly #waiting = new Map<number, (answer: ShellAnswer) => void>();
  #lastId = 0;

  constructor(send: (ask: SentAsk) => void) {
    this.#send = send;
  }

  async ask<Name extends ShellAskName>(
    name: Name,
    params: ShellParams<Name>,
    withdrawn?: AbortSignal,
  ): Promise<Result<ShellValue<Name>, AppError>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const withdraw = (): void => this.#send({ type: 'withdraw', id });
    const answer = await new Promise<ShellAnswer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ type: 'ask', id, name, params });
      withdrawn?.addEventListener('abort', withdraw, { once: true });
      if (withdrawn?.aborted === true) withdraw();
    });
    withdrawn?.removeEventListener('abort', withdraw);
    if (!answer.ok) return err(answer.error);
    const parsed = safeParse(SHELL_ASKS[name].value, answer.value);
    if (!parsed.success) return err(appError('internal', `the desktop's answer to ${name}`));
    // The schema of a looked-up ask is not tied to its value's type (microsoft/TypeScript#30581).
    return ok(parsed.data as ShellValue<Name>);
  }

  /** Takes an answer; one that nobody waits for is dropped. */
  answered(id: number, answer: ShellAnswer): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
