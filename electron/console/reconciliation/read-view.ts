import { createHash } from 'node:crypto';
import { appError, type AppError } from '#domain/errors.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { jobFactsOf, type ChargeRule, type JobFacts } from '#domain/reconciliation/facts.ts';
import type { InputSum } from '#domain/reconciliation/standing/input-digest.ts';
import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { toAppError } from '#store/driver-errors.ts';
import type { ReadableStore } from '#store/ports.ts';

/** What reconciliation reads, and nothing that writes. */
export type ReconciliationStore = Pick<
  ReadableStore,
  | 'topology'
  | 'serverNow'
  | 'readJob'
  | 'readAccount'
  | 'readGenerationEntries'
  | 'iterateJobs'
  | 'iterateLedger'
  | 'iterateAccounts'
  | 'readPolicies'
>;

/** Where the documents of a run are read from: the server, or the offline copy. */
export type BookSource = Pick<ReconciliationStore, 'iterateJobs' | 'iterateLedger' | 'iterateAccounts'>;

/** How far a run is. `total` is not known while documents are read. */
export interface ReconciliationProgress {
  readonly phase: 'accounts' | 'jobs' | 'ledger' | 'changes' | 'rules' | 'confirming';
  readonly done: number;
  readonly total: number | null;
}

/** A view of everything at its source, with what is needed to know later whether an account has moved. */
export interface ReadView {
  readonly view: LedgerView;
  readonly accountVersions: ReadonlyMap<string, number>;
}

/** How many documents are read between two words of progress. */
const PROGRESS_STEP = 5_000;

/**
 * Reads accounts, then jobs, then the ledger into a view. In this order a hold is seen before its job and a job before its
 * entries, so that what comes in between looks like a difference for a moment at most on the side that confirming mends.
 * Errors: those of the source; `malformed_document` for an account or an entry that is none; `cancelled`.
 */
export async function readView(store: BookSource, options: ReadOptions): Promise<Result<ReadView, AppError>> {
  const builder = new LedgerViewBuilder();
  const accountVersions = new Map<string, number>();
  return attemptReading(options.signal, async () => {
    await readInto(store, options, {
      addAccount: (account) => {
        builder.addAccount(account);
        accountVersions.set(account._id, account.version);
      },
      addJob: (job) => builder.addJob(job),
      addMalformedJob: (id) => builder.addMalformedJob(id),
      addEntry: (entry) => builder.addEntry(entry),
    });
    return { view: builder.seal(), accountVersions };
  });
}

/** What books are read with. */
export interface ReadOptions {
  readonly chargeRule: ChargeRule;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** Where documents go as they are read. */
export interface BookTaker {
  readonly addAccount: (account: CreditAccount) => void;
  readonly addJob: (job: JobFacts) => void;
  readonly addMalformedJob: (jobId: string) => void;
  readonly addEntry: (entry: LedgerEntry) => void;
}

/** Reads everything in the order of {@link readView} and hands it on. Throws what the source throws. */
export async function readInto(
  store: BookSource,
  { chargeRule, signal, onProgress }: ReadOptions,
  taker: BookTaker,
): Promise<void> {
  await readAll(store.iterateAccounts(signal), signal, counter('accounts', onProgress), taker.addAccount);
  await readAll(store.iterateJobs(signal), signal, counter('jobs', onProgress), (document) => {
    if (document.type === 'job') taker.addJob(jobFactsOf(document.job, chargeRule));
    else taker.addMalformedJob(document.malformed.id);
  });
  await readAll(store.iterateLedger(signal), signal, counter('ledger', onProgress), taker.addEntry);
}

function counter(
  phase: ReconciliationProgress['phase'],
  onProgress: (progress: ReconciliationProgress) => void,
): (done: number) => void {
  onProgress({ phase, done: 0, total: null });
  return (done) => onProgress({ phase, done, total: null });
}

async function readAll<Document>(
  documents: AsyncIterable<Document>,
  signal: AbortSignal,
  onCount: (done: number) => void,
  take: (document: Document) => void,
): Promise<void> {
  let done = 0;
  for await (const document of documents) {
    take(document);
    done += 1;
    if (done % PROGRESS_STEP !== 0) continue;
    onCount(done);
    signal.throwIfAborted();
  }
  signal.throwIfAborted();
  onCount(done);
}

/** Runs a reading; an abort, a document that does not parse and what the driver throws become values. */
export async function attemptReading<Value>(
  signal: AbortSignal,
  read: () => Promise<Value>,
): Promise<Result<Value, AppError>> {
  try {
    return ok(await read());
  } catch (cause) {
    if (signal.aborted) return err(appError('cancelled', null, cause));
    return err(toAppError(cause));
  }
}

/** SHA-256 over the sum of what a view was made of, as hex: equal for the same documents in whatever order they came. */
export function digestOfInputs({ lanes, counts }: InputSum): string {
  return createHash('sha256')
    .update(JSON.stringify([lanes, counts]))
    .digest('hex');
}
