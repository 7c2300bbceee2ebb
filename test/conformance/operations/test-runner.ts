import { isDeepStrictEqual } from 'node:util';
import { ClientSession, type Document, type MongoClient } from 'mongodb';
import { z } from 'zod';
import { describeEventMismatch } from '../expect-events.ts';
import { show } from '../match.ts';
import { ObservedClient, type ObservedEvent } from '../observed-client.ts';
import { isDoc, type Doc } from '../doc.ts';
import type { Arguments } from './arguments.ts';

/** What the runner's own operations work with. */
export interface Runner {
  /** A client of the runner, which no test observes. */
  readonly internal: MongoClient;
  /** Fail points that are on and must be off after the test, by name. */
  readonly failPoints: Set<string>;
}

/** How long a test may wait for an event, in milliseconds. */
const EVENT_MS_MAX = 10_000;
const POLL_MS = 5;

type Run = (given: Arguments, runner: Runner) => Promise<void>;

async function setFailPoint(given: Arguments, runner: Runner, client: ObservedClient): Promise<void> {
  const failPoint = given.doc('failPoint');
  await client.client.db('admin').command(failPoint);
  runner.failPoints.add(String(failPoint['configureFailPoint']));
}

const FAIL_POINTS: Readonly<Record<string, Run>> = {
  failPoint: (given, runner) => setFailPoint(given, runner, given.entities.get(given.text('client'), ObservedClient)),
  targetedFailPoint: async (given, runner) => {
    // One server is all there is, so the one that a session is pinned to is known.
    const session = given.entities.get(given.text('session'), ClientSession);
    const client = given.entities.all(ObservedClient).find((one) => one.client === Reflect.get(session, 'client'));
    if (client === undefined) throw new Error('the session belongs to no client of the test');
    await setFailPoint(given, runner, client);
  },
};

function sessionOf(given: Arguments): ClientSession {
  return given.entities.get(given.text('session'), ClientSession);
}

function check(isTrue: boolean, message: string): Promise<void> {
  return isTrue ? Promise.resolve() : Promise.reject(new Error(message));
}

/** The `lsid` fields of the last two commands that a client sent. */
function lastLsids(given: Arguments): readonly unknown[] {
  const { events } = given.entities.get(given.text('client'), ObservedClient);
  const commands = events.filter((one) => one.type === 'commandStartedEvent').slice(-2);
  if (commands.length < 2) throw new Error('the client sent fewer than two commands');
  return commands.map((one) => {
    const command: unknown = Reflect.get(one.event, 'command');
    return isDoc(command) ? command['lsid'] : undefined;
  });
}

const SESSIONS: Readonly<Record<string, Run>> = {
  assertSessionDirty: (given) => check(sessionOf(given).serverSession.isDirty, 'the session is not dirty'),
  assertSessionNotDirty: (given) => check(!sessionOf(given).serverSession.isDirty, 'the session is dirty'),
  assertSessionPinned: (given) => check(sessionOf(given).isPinned, 'the session is not pinned'),
  assertSessionUnpinned: (given) => check(!sessionOf(given).isPinned, 'the session is pinned'),
  assertSessionTransactionState: (given) => {
    const transaction: unknown = Reflect.get(sessionOf(given), 'transaction');
    const state = transaction instanceof Object ? String(Reflect.get(transaction, 'state')) : '';
    const wanted = STATES[given.text('state')];
    return check(wanted?.includes(state) === true, `the transaction is ${state}`);
  },
  assertSameLsidOnLastTwoCommands: (given) => {
    const [first, second] = lastLsids(given);
    return check(isDeepStrictEqual(first, second), `${show(first)} and ${show(second)} differ`);
  },
  assertDifferentLsidOnLastTwoCommands: (given) => {
    const [first, second] = lastLsids(given);
    return check(!isDeepStrictEqual(first, second), `both commands have ${show(first)}`);
  },
};

/** The driver's names of the states that the format asks for. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  none: ['NO_TRANSACTION'],
  starting: ['STARTING_TRANSACTION'],
  in_progress: ['TRANSACTION_IN_PROGRESS'],
  committed: ['TRANSACTION_COMMITTED', 'TRANSACTION_COMMITTED_EMPTY'],
  aborted: ['TRANSACTION_ABORTED'],
};

async function hasCollection(given: Arguments, runner: Runner): Promise<boolean> {
  const found = await runner.internal.db(given.text('databaseName')).listCollections({}, { nameOnly: true }).toArray();
  return found.some((one) => one.name === given.take('collectionName'));
}

async function hasIndex(given: Arguments, runner: Runner): Promise<boolean> {
  const collection = runner.internal.db(given.text('databaseName')).collection(given.text('collectionName'));
  // A collection that is not there has no indexes either.
  const indexes: Document[] = await collection
    .listIndexes()
    .toArray()
    .catch(() => []);
  return indexes.some((one) => one['name'] === given.take('indexName'));
}

const SCHEMA: Readonly<Record<string, Run>> = {
  assertCollectionExists: async (given, runner) =>
    check(await hasCollection(given, runner), 'the collection is not there'),
  assertCollectionNotExists: async (given, runner) =>
    check(!(await hasCollection(given, runner)), 'the collection is there'),
  assertIndexExists: async (given, runner) => check(await hasIndex(given, runner), 'the index is not there'),
  assertIndexNotExists: async (given, runner) => check(!(await hasIndex(given, runner)), 'the index is there'),
};

function eventCount(given: Arguments): () => number {
  const client = given.entities.get(given.text('client'), ObservedClient);
  const expected = given.doc('event') as Doc;
  const matches = (one: ObservedEvent): boolean => describeEventMismatch(expected, one, given.entities) === null;
  return () => client.events.filter(matches).length;
}

/** Polls, because events come from sockets and timers of the driver. */
async function until(isMet: () => boolean, message: () => string, timeoutMs = EVENT_MS_MAX): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isMet()) {
    if (performance.now() > deadline) throw new Error(message());
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const EVENTS: Readonly<Record<string, Run>> = {
  assertEventCount: (given) => {
    const count = eventCount(given)();
    const wanted = given.number('count');
    return check(count === wanted, `${count} such events were observed, not ${wanted}`);
  },
  waitForEvent: async (given) => {
    const count = eventCount(given);
    const wanted = given.number('count');
    await until(
      () => count() >= wanted,
      () => `${count()} of ${wanted} such events came in ${EVENT_MS_MAX} ms`,
    );
  },
  assertNumberConnectionsCheckedOut: (given) => {
    const { checkedOut } = given.entities.get(given.text('client'), ObservedClient);
    const wanted = given.number('connections');
    return check(checkedOut === wanted, `${checkedOut} connections are checked out, not ${wanted}`);
  },
  wait: async (given) => {
    const ms = z.number().parse(given.take('ms'));
    await new Promise((resolve) => setTimeout(resolve, ms));
  },
};

/** What a client last heard of its topology. */
interface Topology {
  readonly type: string;
  /** The address of the primary; null where there is none. */
  readonly primary: string | null;
}

const description = z.object({
  type: z.string(),
  servers: z.map(z.string(), z.object({ type: z.string(), address: z.string() })),
});
const recorded = z.object({ type: z.string(), primary: z.string().nullable() });

/** The driver exports no class of its descriptions. */
function topologyOf(given: Arguments): Topology {
  const { client } = given.entities.get(given.text('client'), ObservedClient);
  const topology: unknown = Reflect.get(client, 'topology');
  const current: unknown = topology instanceof Object ? Reflect.get(topology, 'description') : undefined;
  const { type, servers } = description.parse(current);
  return { type, primary: [...servers.values()].find((one) => one.type === 'RSPrimary')?.address ?? null };
}

const TOPOLOGIES: Readonly<Record<string, Run>> = {
  recordTopologyDescription: (given) => {
    given.entities.save(given.text('id'), topologyOf(given));
    return Promise.resolve();
  },
  assertTopologyType: (given) => {
    const { type } = recorded.parse(given.entities.entity(given.text('topologyDescription')));
    const wanted = given.text('topologyType');
    return check(type === wanted, `the topology is ${type}, not ${wanted}`);
  },
  waitForPrimaryChange: async (given) => {
    const { primary } = recorded.parse(given.entities.entity(given.text('priorTopologyDescription')));
    const timeoutMs = z.number().optional().parse(given.take('timeoutMS')) ?? EVENT_MS_MAX;
    const isOther = (now: string | null): boolean => now !== null && now !== primary;
    await until(
      () => isOther(topologyOf(given).primary),
      () => `the primary is still ${String(primary)} after ${timeoutMs} ms`,
      timeoutMs,
    );
  },
};

/** Every operation of the object `testRunner` that needs no other operation, by the format's name. */
export const TEST_RUNNER_OPERATIONS: Readonly<Record<string, Run>> = {
  ...FAIL_POINTS,
  ...SESSIONS,
  ...SCHEMA,
  ...EVENTS,
  ...TOPOLOGIES,
  createEntities: (given) => given.entities.create(given.docs('entities')),
};
