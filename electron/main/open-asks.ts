import type { ShellAnswer, ShellAskName } from '#engine/shell-asks.ts';
import type { OpenAsk } from './profiles/shell-answers.ts';

/**
 * What one engine has asked of the desktop and has had no answer to. A person may take long to give one: what the engine takes back
 * meanwhile, or leaves behind when it ends, is told to whoever answers.
 */
export class OpenAsks {
  readonly #answer: (ask: OpenAsk) => Promise<ShellAnswer>;
  readonly #open = new Map<number, AbortController>();

  constructor(answer: (ask: OpenAsk) => Promise<ShellAnswer>) {
    this.#answer = answer;
  }

  /** Answers one; the engine counts them, and names none twice. */
  async answer(id: number, name: ShellAskName, params: unknown): Promise<ShellAnswer> {
    const withdrawal = new AbortController();
    this.#open.set(id, withdrawal);
    try {
      return await this.#answer({ name, params, withdrawn: withdrawal.signal });
    } finally {
      this.#open.delete(id);
    }
  }

  /** Nobody waits for that answer any more. */
  withdraw(id: number): void {
    this.#open.get(id)?.abort();
  }

  /** The engine has ended. */
  withdrawAll(): void {
    for (const withdrawal of this.#open.values()) withdrawal.abort();
  }
}
