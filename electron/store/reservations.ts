import type { Document } from 'mongodb';
import { RESERVED_FOR_PRICE } from '#domain/charge.ts';
import type { AppError } from '#domain/errors.ts';
import { parseJob } from '#domain/job.ts';
import type { Actor } from '#domain/ledger.ts';
import { ok, type Result } from '#domain/result.ts';
import { literal } from './change-update.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { endTooLarge } from './full-documents.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import { OWING_FIELDS, postOwed, takeOff, type PostedEntry } from './settlement.ts';
import { updateEach, updateFew } from './update-each.ts';

const SYSTEM: Actor = { type: 'system', id: 'reservation' };

/** What a reservation before a claim came to. */
export interface Reserved {
  /** By job: the key of its reservation, which stands in account and ledger; the claim takes it off the job. */
  readonly keys: ReadonlyMap<string, string>;
  /** Documents that are no jobs, are too large, or that the server refuses to write; nothing is reserved for them. */
  readonly refused: readonly string[];
  /** What kept others from being reserved. */
  readonly error: AppError | null;
}

/**
 * Reserves for jobs that are about to be claimed: intent, account, ledger. Where the reservation is all that a job owes it
 * stays owed, and the claim itself takes it off, which spares each job a write; a job that cannot pay is marked.
 */
export async function reserveForClaim(
  collections: Collections,
  poster: LedgerPoster,
  jobIds: readonly string[],
): Promise<Result<Reserved, AppError>> {
  const sorted = await sortOut(collections, poster, jobIds);
  if (!sorted.ok) return sorted;
  const { sound, unusable } = sorted.value;
  const intended = await intendReservations(collections, sound);
  if (!intended.ok) return intended;
  const refused = [...unusable, ...intended.value.refused];
  const owed = await postOwed(collections, poster, sound, intended.value.documents);
  if (!owed.ok) return owed;
  const keys = new Map<string, string>();
  const others: PostedEntry[] = [];
  for (const entry of owed.value.posted) {
    const { job, pending, outcome } = entry;
    const isAlone = job.billing.pending.length === 1 && pending.type === 'reserve' && outcome.type !== 'refused';
    if (isAlone) keys.set(job._id, pending.key);
    else others.push(entry);
  }
  const taken = await takeOff(collections, others);
  return taken.ok ? ok({ keys, refused, error: owed.value.error }) : taken;
}

/**
 * Which of the documents are jobs that may be reserved for. One is looked at after the other: all of them, as large as documents may be, are
 * more than a process can hold.
 */
async function sortOut(
  collections: Collections,
  poster: LedgerPoster,
  jobIds: readonly string[],
): Promise<Result<{ readonly sound: readonly string[]; readonly unusable: readonly string[] }, AppError>> {
  const sound: string[] = [];
  const unusable: string[] = [];
  return attemptCall(async () => {
    const documents = collections.jobs.find({ _id: { $in: [...jobIds] } }, { batchSize: jobIds.length + 1 });
    for await (const document of documents) {
      const isUsable = parseJob(document).ok && !(await endTooLarge(collections, poster, document));
      (isUsable ? sound : unusable).push(document._id);
    }
    return { sound, unusable };
  });
}

/** What became of intents. */
export interface Intended {
  /** Jobs with a new intent that were told in the same round trip. */
  readonly documents: readonly RawDocument[];
  /** The jobs that the server refuses to write. */
  readonly refused: readonly string[];
}

/**
 * Step 1 for reservations: the intent, in each job that has none, waits, and has a price. The domain's `owedForReservation`
 * as an update of many: key and credits are the job's own at that very moment.
 */
export async function intendReservations(
  { jobs }: Pick<Collections, 'jobs'>,
  ids: readonly string[],
): Promise<Result<Intended, AppError>> {
  const filter = {
    state: 'queued',
    'billing.price': { $gt: 0 },
    'billing.reserved': 0,
    'billing.captured': 0,
    'billing.pending': { $size: 0 },
  };
  const intent = { ids, filter, update: INTENT_PIPELINE };
  const few = await updateFew(jobs, intent, OWING_FIELDS);
  if (few !== null) return ok({ documents: few, refused: [] });
  const intended = await updateEach(jobs, intent);
  return intended.ok ? ok({ documents: [], refused: intended.value.refused }) : intended;
}

const INTENT: Document = {
  $mergeObjects: [
    literal({ type: 'reserve', actor: SYSTEM, reason: RESERVED_FOR_PRICE }),
    {
      key: { $concat: ['$billing.generationId', literal(':reserve:1')] },
      credits: '$billing.price',
      attempt: '$attempt',
      at: '$$NOW',
    },
  ],
};

const INTENT_PIPELINE: Document[] = [
  { $set: { 'billing.pending': [INTENT], version: { $add: ['$version', 1] }, updatedAt: '$$NOW' } },
];
