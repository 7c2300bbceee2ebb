import type { Collection, Db, Filter } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { creditAccountSchema, ledgerEntrySchema, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import { runnerNodeSchema, type RunnerNode } from '#domain/runner-node.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { FailedReadingError } from './failed-reading.ts';
import { FleetLimits } from './fleet-limits.ts';
import type { LimitsInForce } from '#domain/runner-limits.ts';
import { listedOf, parsed, parsedDocument, parsedEach, type Listed } from './parsed.ts';
import { toJobDocument } from './parsed-changes.ts';
import { PolicyStore } from './policy-store.ts';
import type { JobDocument, ReadableStore, Topology } from './ports.ts';
import type { ServerClock } from './server-clock.ts';

/** The most runners that a list of them shows. */
const RUNNERS_MAX = 1000;
/** Documents a batch of an iteration carries. */
const BATCH_SIZE = 1000;

/** Reads of the collections; has no way to write. */
export class MongoReadableStore implements ReadableStore {
  readonly topology: Topology;
  readonly #db: Db;
  readonly #collections: Collections;
  readonly #clock: ServerClock;

  constructor(db: Db, collections: Collections, topology: Topology, clock: ServerClock) {
    this.#db = db;
    this.#collections = collections;
    this.topology = topology;
    this.#clock = clock;
  }

  async ping(): Promise<Result<void, AppError>> {
    const reply = await attemptCall(() => this.#db.command({ ping: 1 }));
    return reply.ok ? ok(undefined) : reply;
  }

  serverNow(): Promise<Result<Date, AppError>> {
    return this.#clock.now();
  }

  readPolicies(): Promise<Result<readonly RetryPolicy[], AppError>> {
    return new PolicyStore(this.#db).list();
  }

  async readJob(jobId: string): Promise<Result<JobDocument | null, AppError>> {
    const found = await attemptCall(() => this.#collections.jobs.findOne({ _id: jobId }));
    if (!found.ok) return found;
    return ok(found.value === null ? null : toJobDocument(found.value));
  }

  async readAccount(workspaceId: string): Promise<Result<CreditAccount | null, AppError>> {
    const found = await attemptCall(() => this.#collections.accounts.findOne({ _id: workspaceId }));
    if (!found.ok) return found;
    if (found.value === null) return ok(null);
    return parsed(creditAccountSchema, found.value, `account ${workspaceId}`);
  }

  async readGenerationEntries(generationId: string): Promise<Result<readonly LedgerEntry[], AppError>> {
    const found = await attemptCall(() =>
      this.#collections.ledger.find({ generationId }).sort({ at: 1, _id: 1 }).limit(1000).toArray(),
    );
    if (!found.ok) return found;
    return parsedEach(ledgerEntrySchema, found.value, 'credit_ledger');
  }

  async *iterateJobs(signal?: AbortSignal): AsyncIterable<JobDocument> {
    for await (const document of iterate(this.#collections.jobs, signal)) yield toJobDocument(document);
  }

  async *iterateLedger(signal?: AbortSignal, workspaceIds?: readonly string[]): AsyncIterable<LedgerEntry> {
    const filter = workspaceIds === undefined ? {} : { workspaceId: { $in: [...workspaceIds] } };
    for await (const document of iterate(this.#collections.ledger, signal, filter)) {
      const entry = parsedDocument(ledgerEntrySchema, document, 'credit_ledger');
      if (entry.ok) yield entry.value;
      else endIteration(entry.error);
    }
  }

  async *iterateAccounts(
    signal?: AbortSignal,
    onMalformed: (error: AppError) => void = endIteration,
  ): AsyncIterable<CreditAccount> {
    for await (const document of iterate(this.#collections.accounts, signal)) {
      const account = parsedDocument(creditAccountSchema, document, 'credit_accounts');
      if (account.ok) yield account.value;
      else onMalformed(account.error);
    }
  }

  async readLimits(): Promise<Result<LimitsInForce, AppError>> {
    const now = await this.#clock.now();
    return now.ok ? new FleetLimits(this.#db).inForce(now.value) : now;
  }

  async listRunners(): Promise<Result<Listed<RunnerNode>, AppError>> {
    const found = await attemptCall(() =>
      this.#collections.runners.find().sort({ heartbeatAt: -1 }).limit(RUNNERS_MAX).toArray(),
    );
    return found.ok ? ok(listedOf(runnerNodeSchema, found.value)) : found;
  }
}

function endIteration(error: AppError): never {
  throw new FailedReadingError(error);
}

async function* iterate(
  collection: Collection<RawDocument>,
  signal?: AbortSignal,
  filter: Filter<RawDocument> = {},
): AsyncIterable<RawDocument> {
  const cursor = collection.find(filter, { batchSize: BATCH_SIZE, ...(signal === undefined ? {} : { signal }) });
  try {
    yield* cursor;
  } finally {
    await cursor.close();
  }
}
