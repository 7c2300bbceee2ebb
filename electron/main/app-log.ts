import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { redactText } from '#domain/redacted-text.ts';
import type { EngineConfig } from '#engine/messages.ts';

/** The part of the application that says something. */
export type LogPart = 'main' | 'engine' | 'page';

/** How the log is kept. */
export interface AppLogOptions {
  /** The folder of the files; absolute, made where it is missing. */
  readonly folder: string;
  /** The secrets that this process holds now; they are taken out wherever they stand. */
  readonly secrets: () => readonly string[];
  /** Also says each line on the terminal. */
  readonly echo: (line: string) => void;
}

const FILE = 'runledger.log';
const FILE_SIZE = '2M';
/** Older files are deleted. */
const FILES_MAX = 5;
/** How many of the last lines go into diagnostics. */
const TAIL_LINES = 200;
const LINE_CHARS_MAX = 4000;

/**
 * What happens, as lines of JSON in files that are rotated by size. Every line goes through {@link redactText} before it is
 * written anywhere: the files are what people send when they ask for help.
 */
export class AppLog {
  readonly #options: AppLogOptions;
  readonly #stream: RotatingFileStream;
  readonly #logger: Logger;
  readonly #tail: string[] = [];

  constructor(options: AppLogOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#stream = createStream(FILE, { path: options.folder, size: FILE_SIZE, maxFiles: FILES_MAX, mode: 0o600 });
    // A full disk must not end the application; the terminal still has the line.
    this.#stream.on('error', (cause) => options.echo(`the log cannot be written: ${cause.message}`));
    this.#logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, this.#stream);
  }

  /** Writes what a part says; several lines are several entries. */
  say(part: LogPart, text: string): void {
    for (const raw of text.split('\n')) {
      if (raw.trim() === '') continue;
      // Cut afterwards: half of a secret at the end of a line would not be known for one.
      const line = redactText(raw, this.#options.secrets()).slice(0, LINE_CHARS_MAX);
      this.#logger.info({ part }, line);
      this.#options.echo(line);
      this.#tail.push(`${new Date().toISOString()} ${part} ${line}`);
      if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    }
  }

  /** The last lines, oldest first. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** The file that is written to now; absolute. */
  get file(): string {
    return path.join(this.#options.folder, FILE);
  }

  /** Writes what is left. Idempotent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.writableEnded) resolve();
      else this.#stream.end(() => resolve());
    });
  }
}

/** The secrets of a configuration: what must not be seen even where it stands alone in a text. */
export function secretsIn({ mongodbUri, secrets, providers }: EngineConfig): readonly string[] {
  const typed = Object.values(secrets ?? {}).filter((secret) => secret !== null);
  const inUri = /:\/\/[^/?#\s:]*:([^/?#\s]*)@/.exec(mongodbUri ?? '')?.[1] ?? null;
  const keys = [...Object.values(providers.keys), providers.single?.apiKey ?? ''].filter((key) => key !== '');
  const all = [...typed, ...keys, ...(inUri === null ? [] : [inUri, decode(inUri)])];
  return [...new Set([...all, ...all.map(encodeURIComponent)])];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign means itself.
    return text;
  }
}
