import { StringDecoder } from 'node:string_decoder';

/** A line that is longer is told in parts, in characters: whoever writes no end of a line must not fill the memory. */
const LINE_CHARS_MAX = 1_000_000;

/**
 * Puts the lines of a process together again, which its pipe cuts anywhere: what is taken out of a log is found in whole lines only, and
 * half of a password is none that is known.
 */
export class WholeLines {
  readonly #tell: (lines: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** @param tell called with whole lines, without the end of the last one */
  constructor(tell: (lines: string) => void) {
    this.#tell = tell;
  }

  take(chunk: Buffer): void {
    const text = this.#rest + this.#decoder.write(chunk);
    const end = text.lastIndexOf('\n');
    this.#rest = text.slice(end + 1);
    if (end > 0) this.#tell(text.slice(0, end));
    if (this.#rest.length > LINE_CHARS_MAX) this.end();
  }

  /** Tells what is left when nothing more comes. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#tell(rest);
  }
}
