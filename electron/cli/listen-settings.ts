import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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
  const known = token === undefined || token === '' ? keptToken(flags.artefacts, say) : token;
  const base = flags.callbackUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { port, host, token: known, callbacks: new CallbackDesk(base, known) };
}

function keptToken(folder: string, say: (line: string) => void): string {
  const file = path.resolve(folder, TOKEN_FILE);
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(TOKEN_BYTES).toString('hex'), { mode: 0o600, flag: 'wx' });
  }
  say(`The bearer token for the listener stands in ${file}.`);
  return readFileSync(file, 'utf8').trim();
}
