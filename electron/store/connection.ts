import { MongoBulkWriteError, MongoClient, type Db } from 'mongodb';
import type { ConnectionString } from 'mongodb-connection-string-url';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import { ORDERED_BYTES_MAX } from '#domain/job-size.ts';
import type { Actor, LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RunnerLimits } from '#domain/runner-limits.ts';
import { ANSWERING } from './answering-connection.ts';
import { AuditLog } from './audit-log.ts';
import { BulkReads } from './bulk-reads.ts';
import type { RunnerNode, RunnerWish } from '#domain/runner-node.ts';
import { ClosedMonths } from './closed-months.ts';
import { DURABLE, openCollections, type Collections } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { FleetLimits } from './fleet-limits.ts';
import { FailureDecisionStore } from './failure-decision-store.ts';
import { FinanceStore } from './finance-store.ts';
import { documentBytesOf, tooLargeError } from './full-documents.ts';
import { createNeededIndexes, findMissingIndexes } from './indexes.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { mappedDb } from './mapping/mapped-db.ts';
import { LedgerPoster } from './ledger-poster.ts';
import type { Wait } from './standing-postings.ts';
import { MongoReadableStore } from './mongo-readable-store.ts';
import { MongoRunnerStore } from './mongo-runner-store.ts';
import { ChangeSource } from './change-source.ts';
import { PeopleStore } from './people-store.ts';
import { PlanStore } from './plan-store.ts';
import { PolicyStore } from './policy-store.ts';
import { RedactionStore } from './redaction-store.ts';
import type { ReadableStore, Topology, WritableStore } from './ports.ts';
import { isPersonsSignIn, signInOptions, type SignIn } from './sign-in.ts';
import { readOnlyDb } from './read-only-db.ts';
import { controlRunner } from './runner-nodes.ts';
import { databaseOf, parseUri } from './server-address.ts';
import { ServerLook } from './server-look.ts';
import { ServerClock } from './server-clock.ts';
import { oweRelease, type ReleasedJob, type ReleaseOwed } from './stranded-release.ts';

/**
 * A connection over which a request goes unanswered for so long is given up, and the request tried again over another one. The system gives one
 * up that went silent without being closed after a quarter of an hour only, and whoever waits for an answer sees nothing of it.
 */
const SILENCE_MS_MAX = 120_000;

/** How to reach a deployment. */
export interface StoreOptions {
  /** May hold a password; never logged. */
  readonly uri: string;
  /** Null takes the database that the URI names, or `runledger`. */
  readonly dbName: string | null;
  readonly appName: string;
  /** True where nothing may ever be written over this connection; see {@link readOnlyDb}. */
  readonly isReadOnly: boolean;
  /** How the documents there stand for ours; left out or null, they are ours. */
  readonly mapping?: JobMapping | null | undefined;
  /** How people sign in where the address wants them to; left out or null where nobody is there to do so. */
  readonly signIn?: SignIn | null | undefined;
  /** How long the first connection may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long a request may go without a word of the server, in milliseconds; {@link SILENCE_MS_MAX} unless told. */
  readonly silenceMs?: number | undefined;
  readonly newId: () => string;
  readonly random: () => number;
  readonly wait: Wait;
  readonly monotonicMs: () => number;
}

/** An open connection. `writer` is a separate object, so that whoever is handed only `reader` cannot write. */
export interface Store {
  readonly reader: ReadableStore;
  readonly writer: WritableStore;
  /** What the monitor follows. */
  readonly changes: ChangeSource;
  readonly people: PeopleStore;
  readonly audit: AuditLog;
  /** Plans of retries. */
  readonly plans: PlanStore;
  /** The versions of the retry policy. */
  readonly policies: PolicyStore;
  readonly redaction: RedactionStore;
  readonly bulk: BulkReads;
  /** What the doctor looks at. */
  readonly look: ServerLook;
  /** What people decided about groups of failures. */
  readonly failures: FailureDecisionStore;
  /** Mends, reviews of findings, closed months and invoices. */
  readonly finance: FinanceStore;
  /** Index names that are needed and not there, by collection. */
  readonly missingIndexes: readonly string[];
  /** Closes every socket. Idempotent. */
  close(): Promise<void>;
}

/**
 * Connects, looks what the deployment is, and opens the collections.
 * Errors: `uri_invalid`, `server_unreachable`, `login_refused`, those that begin with `sign_in_`, `not_authorized`, `server_error`.
 */
export async function openStore(options: StoreOptions): Promise<Result<Store, AppError>> {
  const uri = parseUri(options.uri);
  if (!uri.ok) return uri;
  const client = connectionOf(options, uri.value);
  if (!client.ok) return client;
  const opened = await openOn(client.value, databaseOf(uri.value, options.dbName), options);
  if (!opened.ok) await client.value.close();
  return opened;
}

async function openOn(client: MongoClient, dbName: string, options: StoreOptions): Promise<Result<Store, AppError>> {
  const connected = await attemptCall(() => client.connect());
  if (!connected.ok) return connected;
  // Streams, indexes and closed months too are read where they are written.
  const own = client.db(dbName, { readPreference: DURABLE.readPreference });
  const theirs = options.isReadOnly ? readOnlyDb(own) : own;
  const { mapping = null } = options;
  const db = mapping === null ? theirs : mappedDb(theirs, mapping);
  const topology = await readTopology(db);
  if (!topology.ok) return topology;
  const collections = openCollections(db);
  const missingIndexes = await findMissingIndexes(db);
  if (!missingIndexes.ok) return missingIndexes;
  const clock = new ServerClock(db, options.monotonicMs);
  const writer = new MongoWritableStore(db, collections, clock, options);
  return ok({
    reader: new MongoReadableStore(db, collections, topology.value, clock),
    writer,
    finance: new FinanceStore(db, collections, writer.poster),
    changes: new ChangeSource(db, collections, clock, { topology: topology.value, isMapped: mapping !== null }),
    people: new PeopleStore(db),
    audit: new AuditLog(db),
    plans: new PlanStore(db),
    policies: new PolicyStore(db),
    redaction: new RedactionStore(db),
    bulk: new BulkReads(collections),
    look: new ServerLook(db, readOnlyDb(client.db('local')), mapping),
    failures: new FailureDecisionStore(db),
    missingIndexes: missingIndexes.value,
    close: () => client.close(),
  });
}

/** Writes for parts that are allowed to: a runner's, and those of commands and seeds. */
export class MongoWritableStore extends MongoRunnerStore implements WritableStore {
  readonly #db: Db;
  readonly #collections: Collections;
  readonly #fleetLimits: FleetLimits;
  /** The one hand of this connection that posts to accounts. */
  readonly poster: LedgerPoster;

  constructor(db: Db, collections: Collections, clock: ServerClock, options: StoreOptions) {
    const months = new ClosedMonths(db, clock);
    const poster = new LedgerPoster(collections, { wait: options.wait, random: options.random, months });
    const limits = new FleetLimits(db);
    const { newId, monotonicMs } = options;
    super({ collections, poster, limits, newId, monotonicMs, serverNow: () => clock.now() });
    this.#fleetLimits = limits;
    this.#db = db;
    this.#collections = collections;
    this.poster = poster;
  }

  async insertJobs(jobs: readonly Job[]): Promise<Result<number, AppError>> {
    if (jobs.length === 0) return ok(0);
    for (const job of jobs) {
      const bytes = documentBytesOf(job);
      if (bytes > ORDERED_BYTES_MAX) return err(tooLargeError(job._id, bytes, ORDERED_BYTES_MAX));
    }
    try {
      const result = await this.#collections.jobs.insertMany(
        jobs.map((job) => ({ ...job })),
        { ordered: false },
      );
      return ok(result.insertedCount);
    } catch (cause) {
      if (!isOnlyDuplicateKeys(cause)) return err(toAppError(cause));
      return ok(cause instanceof MongoBulkWriteError ? cause.insertedCount : 0);
    }
  }

  setLimits(limits: RunnerLimits, revision: number, by: Actor): Promise<Result<void, AppError>> {
    return this.#fleetLimits.set(limits, revision, by);
  }

  async postEntry(entry: LedgerEntry): Promise<Result<'posted' | 'already_posted', AppError>> {
    const posted = await this.poster.post(entry.workspaceId, [entry]);
    if (!posted.ok) return posted;
    const outcome = posted.value[0];
    if (outcome?.type === 'refused') return err(appError(outcome.code, entry._id));
    return ok(outcome?.type === 'applied' ? 'posted' : 'already_posted');
  }

  oweRelease(job: ReleasedJob, release: ReleaseOwed, actor: Actor): Promise<Result<boolean, AppError>> {
    return oweRelease(this.#collections.jobs, job, release, actor);
  }

  controlRunner(runnerId: string, wish: RunnerWish, by: Actor): Promise<Result<RunnerNode, AppError>> {
    return controlRunner(this.#collections.runners, runnerId, wish, by);
  }

  async unblock(workspaceId: string): Promise<Result<number, AppError>> {
    const written = await attemptCall(() =>
      this.#collections.jobs.updateMany({ workspaceId, state: 'queued', 'billing.blocked': { $ne: null } }, [
        // It still waits, and is asked again at once: its last refusal counts as long ago.
        { $set: { 'billing.blocked.at': new Date(0), version: { $add: ['$version', 1] }, updatedAt: '$$NOW' } },
      ]),
    );
    return written.ok ? ok(written.value.modifiedCount) : written;
  }

  createIndexes(): Promise<Result<readonly string[], AppError>> {
    return createNeededIndexes(this.#db);
  }
}

function connectionOf(options: StoreOptions, uri: ConnectionString): Result<MongoClient, AppError> {
  const isPersons = isPersonsSignIn(uri);
  const { signIn = null } = options;
  if (isPersons && signIn === null) {
    return err(appError('sign_in_needed', 'nobody is there to do so: log in as a machine here'));
  }
  try {
    const client = new MongoClient(options.uri, {
      ...ANSWERING,
      appName: options.appName,
      serverSelectionTimeoutMS: options.connectTimeoutMs,
      connectTimeoutMS: options.connectTimeoutMs,
      socketTimeoutMS: options.silenceMs ?? SILENCE_MS_MAX,
      // A server keeps whatever bytes it is given as text. Checked, one document with others than UTF-8 would fail every page that it is on.
      enableUtf8Validation: false,
      // It keeps patterns too that JavaScript has no expression for. Made into one, each of those would fail every page that it is on.
      bsonRegExp: true,
      ...(isPersons && signIn !== null ? signInOptions(signIn) : {}),
    });
    // The driver reports a lost server again with each call; the listener keeps an idle loss from being an uncaught error.
    client.on('error', () => undefined);
    return ok(client);
  } catch (cause) {
    return err(appError('uri_invalid', null, cause));
  }
}

const helloSchema = z.looseObject({ setName: z.string().optional(), msg: z.string().optional() });
const buildInfoSchema = z.looseObject({ version: z.string(), runledgerSandbox: z.boolean().optional() });

async function readTopology(db: Db): Promise<Result<Topology, AppError>> {
  const reply = await attemptCall(() => db.admin().command({ hello: 1 }));
  if (!reply.ok) return reply;
  const build = await attemptCall(() => db.admin().command({ buildInfo: 1 }));
  if (!build.ok) return build;
  const hello = safeParse(helloSchema, reply.value);
  const info = safeParse(buildInfoSchema, build.value);
  if (!hello.success || !info.success) return err(appError('server_error', 'the server does not say what it is'));
  const kind =
    hello.data.msg === 'isdbgrid' ? 'sharded' : hello.data.setName === undefined ? 'standalone' : 'replica_set';
  const product = info.data.runledgerSandbox === true ? 'Sandbox server' : 'MongoDB';
  return ok({ kind, hasChangeStreams: kind !== 'standalone', server: `${product} ${info.data.version}` });
}
