import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemCodeOf } from '#domain/errors.ts';
import type { ListenSettings } from '#engine/headless-runner.ts';
import { CallbackDesk } from '#runner/callback-desk.ts';

/** What the command line says of listening. */
export interface ListenFlags {
  readonly listen?: number;
  readonly listenHost: string;
  readonly callbackUrl?: string;
  readonly artefacts: string;
}

const TOKEN_FILE = 'listen-token';
const TOKEN_BYTES = 32;

/**
 * How a runner is to listen; null where it is not. The token is that of `RUNLEDGER_LISTEN_TOKEN`; where there is none it stands
 * in a file beside the artefacts that only its owner may read, made at the first start.
 */
export function listenSettings(
  flags: ListenFlags,
  token: string | undefined,
  say: (line: string) => void,
): ListenSettings | null {
  if (flags.listen === undefined) return null;
  const { listen: port, listenHost: host } = flags;
  const given = token?.trim() ?? '';
  const known = given === '' ? keptToken(flags.artefacts, say) : given;
  const base = flags.callbackUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { port, host, token: known, callbacks: new CallbackDesk(base, known) };
}

function keptToken(folder: string, say: (line: string) => void): string {
  const file = path.resolve(folder, TOKEN_FILE);
  if (tokenIn(file) === '') makeToken(file);
  say(`The bearer token for the listener stands in ${file}.`);
  // Of two runners that make it at the same moment, the later one's is everybody's.
  return tokenIn(file);
}

/** Empty where there is no such file, and where a crash has left one without its content: nobody could bring that, and anybody could guess it. */
function tokenIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return '';
    throw cause;
  }
}

/** Under a name of its own until it is on the disk, so that nobody ever reads a part of it. */
function makeToken(file: string): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(draft, randomBytes(TOKEN_BYTES).toString('hex'), { mode: 0o600, flag: 'wx', flush: true });
  renameSync(draft, file);
}
