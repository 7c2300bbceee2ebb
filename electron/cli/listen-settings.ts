import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
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
 * in a file beside the artefacts that only its owner may read, made at the first start. Error: `invalid_request` where that file can
 * neither be read nor made.
 */
export function listenSettings(
  flags: ListenFlags,
  token: string | undefined,
  say: (line: string) => void,
): Result<ListenSettings | null, AppError> {
  if (flags.listen === undefined) return ok(null);
  const { listen: port, listenHost: host } = flags;
  const given = token?.trim() ?? '';
  const known = given === '' ? keptToken(flags.artefacts, say) : ok(given);
  if (!known.ok) return known;
  const base = flags.callbackUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return ok({ port, host, token: known.value, callbacks: new CallbackDesk(base, known.value) });
}

function keptToken(folder: string, say: (line: string) => void): Result<string, AppError> {
  const file = path.resolve(folder, TOKEN_FILE);
  try {
    if (tokenIn(file) === '') makeToken(file);
    // Of two runners that make it at the same moment, the later one's is everybody's.
    const token = tokenIn(file);
    say(`The bearer token for the listener stands in ${file}.`);
    return ok(token);
  } catch (cause) {
    const code = systemCodeOf(cause) ?? 'unknown';
    return err(appError('invalid_request', `--listen: its token cannot be kept in ${file}, ${code}`, cause));
  }
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
