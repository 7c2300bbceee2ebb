import { setTimeout as delay } from 'node:timers/promises';
import { ObjectId } from 'bson';
import { MECHANISM } from '../access/scram.ts';
import { ServerError } from '../semantics/server-error.ts';
import { DOCUMENT_BYTES_MAX, isDoc, type Doc } from '../semantics/values.ts';
import { docsField, numberField, type Command, type CommandCall } from './command.ts';

/** The version whose behaviour this server follows. */
const SERVER_VERSION = '7.0.14';
/** MongoDB 7.0's wire version. */
const WIRE_VERSION = 21;
/** The largest message that is read, in bytes. */
export const MESSAGE_BYTES_MAX = 48_000_000;
const REPLICA_SET = 'runledger-sandbox';
const SESSION_MINUTES = 30;
/** The longest that a `hello` waits: a timer of more would run out at once. */
const AWAIT_MS_MAX = 0x7fffffff;

/** What a server says of itself and does not change while it runs. */
export interface ServerIdentity {
  readonly host: string;
  readonly processId: ObjectId;
  readonly startedAtMs: number;
  readonly connections: () => number;
}

function helloReply(call: CommandCall, identity: ServerIdentity): Doc {
  return {
    helloOk: true,
    isWritablePrimary: true,
    ...(call.name === 'hello' ? {} : { ismaster: true }),
    topologyVersion: { processId: identity.processId, counter: 6 },
    hosts: [identity.host],
    setName: REPLICA_SET,
    setVersion: 1,
    secondary: false,
    primary: identity.host,
    me: identity.host,
    electionId: new ObjectId('7fffffff0000000000000001'),
    maxBsonObjectSize: DOCUMENT_BYTES_MAX,
    maxMessageSizeBytes: MESSAGE_BYTES_MAX,
    maxWriteBatchSize: 100_000,
    localTime: new Date(call.deployment.now()),
    logicalSessionTimeoutMinutes: SESSION_MINUTES,
    connectionId: call.client.connectionId,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION,
    readOnly: false,
  };
}

const PARAMETERS: Doc = {
  authenticationMechanisms: [MECHANISM],
  featureCompatibilityVersion: { version: '7.0' },
  // As on a MongoDB that was started for tests: it has fail points.
  enableTestCommands: true,
  acceptApiVersion2: true,
  requireApiVersion: false,
};

/** The parameters that a command names, or all of them. Errors: `Unauthorized`, `InvalidOptions` where there is none. */
function askedParameters({ db, body }: CommandCall): Doc {
  if (db !== 'admin') throw new ServerError('Unauthorized', 'getParameter may only be run against the admin database.');
  const given = body['getParameter'];
  if (given === '*' || (isDoc(given) && given['allParameters'] === true)) return PARAMETERS;
  const asked = Object.entries(PARAMETERS).filter(([name]) => body[name] !== undefined);
  if (asked.length === 0) throw new ServerError('InvalidOptions', 'no option found to get');
  return Object.fromEntries(asked);
}

/**
 * Commands about the server itself.
 * @param loginOf what a handshake is told of logging in
 */
export function serverCommands(identity: ServerIdentity, loginOf: (call: CommandCall) => Doc): Record<string, Command> {
  const read = (run: Command['run']): Command => ({ writes: false, run });
  const hello = read((call) => {
    call.client.appName = appNameOf(call.body['client']) ?? call.client.appName;
    const reply = { ...helloReply(call, identity), ...loginOf(call) };
    return isAwaiting(call.body) && knowsTopology(call.body, identity) ? awaited(call, reply) : reply;
  });
  const buildInfo = read(() => ({
    version: SERVER_VERSION,
    versionArray: [...SERVER_VERSION.split('.').map(Number), 0],
    gitVersion: 'runledger-sandbox',
    modules: [],
    bits: 64,
    maxBsonObjectSize: DOCUMENT_BYTES_MAX,
    // Says plainly what this is: nobody may take the sandbox for MongoDB.
    runledgerSandbox: true,
  }));
  const nothing = read(() => ({}));
  return {
    hello,
    isMaster: hello,
    ismaster: hello,
    ping: nothing,
    buildInfo,
    buildinfo: buildInfo,
    endSessions: read((call) => {
      // Ending them comes in a session of its own at times, which is over with that too.
      call.deployment.sessions.end([...docsField(call.body, 'endSessions'), call.body['lsid']], call.client.user);
      return {};
    }),
    refreshSessions: nothing,
    killAllSessions: nothing,
    killSessions: read((call) => {
      call.deployment.sessions.end(docsField(call.body, 'killSessions'), call.client.user);
      return {};
    }),
    killAllSessionsByPattern: nothing,
    getParameter: read(askedParameters),
    testVersion2: nothing,
    testDeprecation: nothing,
    testDeprecationInVersion2: nothing,
    serverStatus: read((call) => ({
      host: identity.host,
      version: SERVER_VERSION,
      process: 'runledger-sandbox',
      pid: process.pid,
      uptime: Math.floor((call.deployment.now() - identity.startedAtMs) / 1000),
      localTime: new Date(call.deployment.now()),
      connections: { current: identity.connections() },
      storageEngine: { name: 'sqlite', persistent: !call.deployment.sqlite.memory },
      mem: { resident: Math.round(process.memoryUsage.rss() / (1024 * 1024)) },
      metrics: { cursor: { open: { total: call.deployment.cursors.count } } },
      runledgerSandbox: true,
    })),
    replSetGetStatus: read(() => ({
      set: REPLICA_SET,
      myState: 1,
      members: [{ _id: 0, name: identity.host, stateStr: 'PRIMARY', self: true }],
    })),
    commitTransaction: read(refuseTransaction),
    abortTransaction: read(refuseTransaction),
  };
}

/** True for a `hello` that is to be answered when the topology changes, or after the time that it gives. */
export function isAwaiting(body: Doc): boolean {
  return body['maxAwaitTimeMS'] !== undefined && body['topologyVersion'] !== undefined;
}

function knowsTopology({ topologyVersion }: Doc, { processId }: ServerIdentity): boolean {
  const known = isDoc(topologyVersion) ? topologyVersion['processId'] : undefined;
  return known instanceof ObjectId && known.equals(processId);
}

/** A replica set of one never changes: its clients hear from it when their time is over. */
function awaited(call: CommandCall, reply: Doc): Promise<Doc> {
  const waitMs = numberField(call.body, 'maxAwaitTimeMS') ?? 0;
  return delay(Math.max(0, Math.min(waitMs, AWAIT_MS_MAX)), reply, { ref: false });
}

function appNameOf(metadata: unknown): string | null {
  const application = isDoc(metadata) ? metadata['application'] : undefined;
  return isDoc(application) && typeof application['name'] === 'string' ? application['name'] : null;
}

/** What MongoDB answers where a deployment has no transactions. */
export function refuseTransaction(): never {
  throw new ServerError('IllegalOperation', 'Transaction numbers are only allowed on a replica set member or mongos');
}
