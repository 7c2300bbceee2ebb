import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { ObjectId } from 'bson';
import { AccessControl } from './access/access-control.ts';
import type { AccessName } from './access/builtin-roles.ts';
import { EXTERNAL_DB, TokenReader, type IdentityProvider } from './access/oidc-tokens.ts';
import { credentialsOf } from './access/scram.ts';
import { commandTable } from './commands/command-table.ts';
import { Executor } from './commands/executor.ts';
import { FailPoints } from './commands/fail-points.ts';
import { TokenLogin } from './commands/token-login.ts';
import { Deployment } from './deployment.ts';
import { listenOnLoopback, LOOPBACK } from './loopback.ts';
import { openSqlite } from './storage/schema.ts';
import { TtlMonitor } from './ttl-monitor.ts';
import { Connection } from './wire/connection.ts';

/** How to run a sandbox server. */
export interface SandboxOptions {
  /** A folder of its own, made where it is not there; `memory` keeps nothing. */
  readonly dataDir: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** The log of changes is cut above this size, in bytes; 256 MiB unless told. */
  readonly oplogBytesMax?: number;
  /** What a stage of a pipeline may hold in memory, in bytes, before it goes to the disk; MongoDB's 100 MiB unless told. */
  readonly stageBytesMax?: number;
  /**
   * Where it is there, clients must log in, and their roles decide what they may do. The users are made where there are none
   * of their names yet; without any, the first one is made by whoever connects (MongoDB's localhost exception).
   */
  readonly auth?: {
    readonly users: readonly FirstUser[];
    /** Whose tokens log people in too (MONGODB-OIDC); its keys are read once, at the start. */
    readonly identityProvider?: IdentityProvider;
  };
  readonly now?: () => number;
  readonly log?: (message: string) => void;
}

/** A user that is there from the start, in the database `admin` unless told. */
export interface FirstUser {
  readonly name: string;
  readonly password: string;
  readonly db?: string;
  readonly roles: readonly AccessName[];
}

/** A running sandbox server. */
export interface Sandbox {
  /** For the official driver, with every option that it needs but a login. */
  readonly uri: string;
  readonly port: number;
  /** Closes every connection and the files. Idempotent. */
  stop(): Promise<void>;
}

const OPLOG_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Starts an embedded server that speaks MongoDB's protocol on loopback, for development and demonstration: it is no MongoDB
 * and never meant for production. An acknowledged write has reached the disk.
 * Rejects where the port is taken, the folder cannot be written, or the identity provider does not tell its keys.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const log = options.log ?? (() => undefined);
  const now = options.now ?? Date.now;
  const provider = options.auth?.identityProvider;
  const reader = provider === undefined ? null : await TokenReader.open(provider);
  const sqlite = openSqlite(fileOf(options.dataDir));
  const deployment = new Deployment({
    sqlite,
    oplogBytesMax: options.oplogBytesMax ?? OPLOG_BYTES_MAX,
    ...(options.stageBytesMax === undefined ? {} : { stageBytesMax: options.stageBytesMax }),
    now,
  });
  const connections = new Set<Connection>();
  const identity = { host: '', processId: new ObjectId(), startedAtMs: now(), connections: () => connections.size };
  const failPoints = new FailPoints();
  const ttlMonitor = new TtlMonitor(deployment);
  const accessControl = new AccessControl(deployment, options.auth !== undefined);
  addUsers(deployment, accessControl, options.auth?.users ?? []);
  if (provider !== undefined) addPeople(deployment, accessControl, provider);
  const tokens = reader === null ? null : new TokenLogin(reader, accessControl.store);
  const commands = commandTable({ identity, failPoints, accessControl, ttlMonitor, tokens });
  const executor = new Executor({ deployment, commands, failPoints, accessControl });
  let lastId = 0;
  const server = createServer((socket) => {
    lastId += 1;
    const connection = new Connection(socket, executor, lastId, log);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  const port = await listenOnLoopback(server, options.port ?? 0);
  ttlMonitor.start();
  identity.host = `${LOOPBACK}:${port}`;
  log(
    `Sandbox server for development on ${identity.host}; it is not MongoDB and not for production. ${
      options.dataDir === 'memory' ? 'It keeps nothing.' : `Its data stands in ${options.dataDir}.`
    } ${options.auth === undefined ? 'Nobody needs to log in.' : 'Clients must log in.'}`,
  );
  let stopped: Promise<void> | null = null;
  return {
    uri: `mongodb://${LOOPBACK}:${port}/?directConnection=true`,
    port,
    stop: () => {
      ttlMonitor.stop();
      return (stopped ??= stopServer(server, connections, deployment));
    },
  };
}

function addUsers(deployment: Deployment, { store }: AccessControl, users: readonly FirstUser[]): void {
  deployment.atomically(() => {
    for (const { name, password, db = 'admin', roles } of users) {
      if (store.user({ name, db }) !== null) continue;
      store.putUser({ name, db, credentials: credentialsOf(password), roles, customData: null });
    }
  });
}

function addPeople(deployment: Deployment, { store }: AccessControl, provider: IdentityProvider): void {
  deployment.atomically(() => {
    for (const { subject, roles } of provider.users) {
      const name = { name: `${provider.authNamePrefix}/${subject}`, db: EXTERNAL_DB };
      if (store.user(name) === null) store.putUser({ ...name, credentials: null, roles, customData: null });
    }
  });
}

function fileOf(dataDir: string): string {
  if (dataDir === 'memory') return ':memory:';
  mkdirSync(dataDir, { recursive: true });
  return join(dataDir, 'sandbox.sqlite');
}

async function stopServer(server: Server, connections: ReadonlySet<Connection>, deployment: Deployment): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const connection of connections) connection.close();
  await closed;
  deployment.cursors.closeAll();
  await deployment.disk.close();
  deployment.sqlite.close();
}
