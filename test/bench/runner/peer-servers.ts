import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const READY_MS_MAX = 20_000;
const HOST = '127.0.0.1';

/** A peer's own server, started for the benchmark on a folder of its own. */
export interface PeerServer {
  readonly uri: string;
  /** Product and version, with how durable it is. */
  readonly name: string;
  stop(): Promise<void>;
}

/** PostgreSQL as it comes, which syncs each commit. Null where it is not installed. */
export async function startPostgres(): Promise<PeerServer | null> {
  const bin = await postgresFolder();
  if (bin === null) return null;
  // PostgreSQL refuses to run as root; Debian's package brings a user for it.
  const ids = userInfo().uid === 0 ? await idsOf('postgres') : null;
  if (ids === null && userInfo().uid === 0) return null;
  const folder = await mkdtemp(join(tmpdir(), 'runledger-peer-'));
  if (ids !== null) await chown(folder, ids.uid, ids.gid);
  const who = { ...ids, cwd: folder };
  const data = join(folder, 'postgres');
  await run(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'bench', '--no-instructions'], who);
  const port = await freePort();
  const options = ['-D', data, '-p', String(port), '-h', HOST, '-k', ''];
  const server = spawn(join(bin, 'postgres'), options, { ...who, stdio: 'ignore' });
  const ended = once(server, 'exit');
  await ready(() => run(join(bin, 'pg_isready'), ['-h', HOST, '-p', String(port)]));
  const { stdout } = await run(join(bin, 'postgres'), ['--version']);
  return {
    uri: `postgres://bench@${HOST}:${port}/postgres`,
    name: `${stdout.trim()}, fsync on`,
    stop: async () => {
      // "Smart" shutdown waits for connections that are just being closed; a faster one answers them with an error that nobody awaits any more.
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Redis with an append-only file that is synced for each write. Null where it is not installed. */
export async function startRedis(): Promise<PeerServer | null> {
  const version = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return null;
  const folder = await mkdtemp(join(tmpdir(), 'runledger-peer-'));
  const port = await freePort();
  const options = [
    '--port',
    String(port),
    '--bind',
    HOST,
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  const ended = once(server, 'exit');
  await ready(() => run('redis-cli', ['-h', HOST, '-p', String(port), 'ping']));
  return {
    uri: `redis://${HOST}:${port}`,
    name: `${version.stdout.trim()}, appendfsync always`,
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function postgresFolder(): Promise<string | null> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const newest = versions.toSorted((left, right) => Number(right) - Number(left))[0];
  if (newest !== undefined) return join(debian, newest, 'bin');
  const found = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : null;
}

async function idsOf(user: string): Promise<{ readonly uid: number; readonly gid: number } | null> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map((flag) =>
      run('id', [flag, user]).then(
        ({ stdout }) => Number(stdout),
        () => null,
      ),
    ),
  );
  return typeof uid === 'number' && typeof gid === 'number' ? { uid, gid } : null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  server.close();
  await once(server, 'close');
  return port;
}

async function ready(ask: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      await ask();
      return;
    } catch (cause) {
      if (performance.now() > until) throw cause;
      await delay(100);
    }
  }
}
