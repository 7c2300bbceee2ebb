import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { billingSchema, jobStateSchema, parseJob, type Job } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { readSome, type SomeDocuments } from './some-documents.ts';

/** How many candidates are looked at for each job that is wanted, so that workspaces can take turns. */
const CANDIDATES_PER_JOB = 2;
const CANDIDATES_MIN = 64;
const CANDIDATES_MAX = 4000;
/** Reads of a walk through the workspaces, and how many jobs each of them brings. */
const BEYOND_STEPS_MAX = 16;
const BEYOND_STEP = 64;
/** How often it is looked beyond documents that are no jobs. */
const MALFORMED_ROUNDS_MAX = 10;

/** What is read of a job to decide whose turn it is, and whether it is paid for. */
const candidateSchema = z.object({
  _id: z.string(),
  workspaceId: z.string(),
  priority: z.int().default(0),
  kind: z.string(),
  provider: z.object({ name: z.string() }),
  state: jobStateSchema,
  billing: billingSchema.pick({ price: true, reserved: true, pending: true }),
});
export type Candidate = z.infer<typeof candidateSchema>;

const CANDIDATE_FIELDS = { workspaceId: 1, priority: 1, kind: 1, provider: 1, state: 1, billing: 1 };

const NONE: Beyond = { jobs: [], malformed: [], endsAt: '' };

/** Candidates in the order of the queue, and the documents among them that are no jobs. */
export interface Candidates {
  readonly jobs: readonly Candidate[];
  readonly malformed: readonly string[];
}

/** How many candidates are looked at for that many jobs. */
export function windowSizeOf(limit: number): number {
  return Math.min(Math.max(limit * CANDIDATES_PER_JOB, CANDIDATES_MIN), CANDIDATES_MAX);
}

/** The first jobs that meet a filter, by priority and due time. */
export async function findFirst(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  count: number,
): Promise<Result<Candidates, AppError>> {
  const found = await findSorted(collections, { filter, sort: { priority: -1, notBefore: 1, _id: 1 }, count });
  return found.ok ? ok(candidatesOf(found.value)) : found;
}

/** What a walk through the workspaces found, and where the next one goes on. */
export interface Beyond extends Candidates {
  /** The workspace behind which the next walk begins; the empty text where this one came to the end. */
  readonly endsAt: string;
}

/**
 * What waits in workspaces behind one, in the order of their names, the best jobs of each first: one that floods the queue must not
 * hide the others. It takes as many steps as it may, and each step one workspace that floods or many that do not, so that what it
 * costs does not grow with the queue.
 * @param behind where the walk before ended; the empty text begins at the first workspace
 */
export async function findBeyond(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  behind: string,
): Promise<Result<Beyond, AppError>> {
  const documents: RawDocument[] = [];
  let endsAt = behind;
  for (let step = 0; step < BEYOND_STEPS_MAX; step += 1) {
    const found = await findSorted(collections, {
      filter: { $and: [filter, { workspaceId: { $gt: endsAt } }] },
      sort: { workspaceId: 1, priority: -1, notBefore: 1 },
      count: BEYOND_STEP,
    });
    if (!found.ok) return found;
    documents.push(...found.value);
    const last = found.value.at(-1)?.['workspaceId'];
    if (found.value.length < BEYOND_STEP || typeof last !== 'string')
      return ok({ ...candidatesOf(documents), endsAt: '' });
    endsAt = last;
  }
  return ok({ ...candidatesOf(documents), endsAt });
}

async function findSorted(
  collections: Pick<Collections, 'jobs'>,
  { filter, sort, count }: { readonly filter: Document; readonly sort: Document; readonly count: number },
): Promise<Result<readonly RawDocument[], AppError>> {
  return attemptCall(() =>
    collections.jobs
      .find(filter, { batchSize: count })
      .project<RawDocument>(CANDIDATE_FIELDS)
      .sort(sort)
      .limit(count)
      .toArray(),
  );
}

function candidatesOf(documents: readonly RawDocument[]): Candidates {
  const jobs: Candidate[] = [];
  const malformed: string[] = [];
  for (const document of documents) {
    const candidate = safeParse(candidateSchema, document);
    if (candidate.success) jobs.push(candidate.data);
    else malformed.push(document._id);
  }
  return { jobs, malformed };
}

/** Both, each job once. */
export function together(first: readonly Candidate[], beyond: readonly Candidate[]): readonly Candidate[] {
  const known = new Set(first.map((job) => job._id));
  return [...first, ...beyond.filter((job) => !known.has(job._id))];
}

/**
 * Chooses jobs so that workspaces take turns within each priority: no workspace waits behind more than its share of another's.
 * Keeps the order by priority.
 *
 * @param servedAt when each workspace last had a turn, as a growing number; those that waited longest come first, so that
 *   the turns go on from one choice to the next even where each takes a single job
 * @param admits asked once for each job that would be taken next; one that is not admitted is passed over
 */
export function takeTurns<Item extends { readonly workspaceId: string; readonly priority: number }>(
  candidates: readonly Item[],
  limit: number,
  servedAt: ReadonlyMap<string, number> = new Map(),
  admits: (item: Item) => boolean = () => true,
): readonly Item[] {
  const chosen: Item[] = [];
  const byPriority = Map.groupBy(candidates, (candidate) => candidate.priority);
  for (const priority of [...byPriority.keys()].sort((left, right) => right - left)) {
    const queues = [...Map.groupBy(byPriority.get(priority) ?? [], (candidate) => candidate.workspaceId)]
      .sort(([left], [right]) => (servedAt.get(left) ?? 0) - (servedAt.get(right) ?? 0))
      .map(([, queue]) => queue);
    for (let turn = 0; queues.some((queue) => turn < queue.length); turn += 1) {
      for (const queue of queues) {
        const next = queue[turn];
        if (next !== undefined && chosen.length < limit && admits(next)) chosen.push(next);
      }
      if (chosen.length >= limit) return chosen;
    }
  }
  return chosen;
}

/** Jobs that were chosen, and the workspace behind which the next choice looks beyond those that fill the window. */
export interface Chosen {
  readonly jobs: readonly Job[];
  readonly endsAt: string;
}

/**
 * Jobs that meet a filter, workspaces taking turns whatever the priorities of their jobs: what a workspace waits for must not depend on what
 * another one finds urgent. Documents that are no jobs are passed over; where they would take most of the places, it is looked beyond
 * them, so that however many there are they never stop the others.
 * @param behind where the choice before ended; the empty text begins at the first workspace
 */
export async function chooseJobs(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  { limit, behind }: { readonly limit: number; readonly behind: string },
): Promise<Result<Chosen, AppError>> {
  let endsAt = '';
  const jobs = await beyondMalformed(limit, async (malformed) => {
    const size = windowSizeOf(limit);
    const sound = without(filter, malformed);
    const first = await findFirst(collections, sound, size);
    if (!first.ok) return first;
    const isFull = first.value.jobs.length + first.value.malformed.length >= size;
    const all = without(filter, [...malformed, ...first.value.malformed]);
    const beyond = isFull ? await findBeyond(collections, all, behind) : ok(NONE);
    if (!beyond.ok) return beyond;
    endsAt = beyond.value.endsAt;
    const equals = together(first.value.jobs, beyond.value.jobs).map((job) => ({ ...job, priority: 0 }));
    const turns = takeTurns(equals, limit);
    const ids = [
      ...turns.map((candidate) => candidate._id),
      ...[...first.value.malformed, ...beyond.value.malformed].slice(0, limit),
    ];
    if (ids.length === 0) return ok({ documents: [], isFull: false });
    const read = await attemptCall(() => readSome(collections.jobs.find({ _id: { $in: ids } }), limit));
    if (!read.ok) return read;
    const { documents, isFull: isMore } = read.value;
    const byId = new Map(documents.map((document) => [document._id, document]));
    // An id that is no text is never the same object twice, and no job has one.
    const odd = documents.filter(({ _id }) => typeof (_id as unknown) !== 'string');
    return ok({ documents: [...ids.flatMap((id) => byId.get(id) ?? []), ...odd], isFull: isMore });
  });
  return jobs.ok ? ok({ jobs: jobs.value, endsAt }) : jobs;
}

/**
 * Jobs that meet a filter, in no order; passes over documents that are no jobs as {@link chooseJobs} does. Fewer than the limit where they
 * are large: what more there are comes with the next call, once these no longer meet the filter.
 */
export async function findJobs(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  limit: number,
): Promise<Result<readonly Job[], AppError>> {
  return beyondMalformed(limit, (malformed) =>
    attemptCall(() => readSome(collections.jobs.find(without(filter, malformed)).limit(limit), limit)),
  );
}

function without(filter: Document, ids: readonly string[]): Document {
  return ids.length === 0 ? filter : { $and: [filter, { _id: { $nin: ids } }] };
}

async function beyondMalformed(
  limit: number,
  read: (malformed: readonly string[]) => Promise<Result<SomeDocuments, AppError>>,
): Promise<Result<readonly Job[], AppError>> {
  const jobs: Job[] = [];
  const malformed: string[] = [];
  for (let round = 0; round < MALFORMED_ROUNDS_MAX; round += 1) {
    const some = await read(malformed);
    if (!some.ok) return some;
    const { documents, isFull } = some.value;
    jobs.length = 0;
    const before = malformed.length;
    for (const document of documents) {
      const parsed = parseJob(document);
      if (parsed.ok) jobs.push(parsed.value);
      else malformed.push(document._id);
    }
    if (!isFull || (malformed.length - before) * 2 <= Math.min(limit, documents.length)) break;
  }
  return ok(jobs);
}
