import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { parseJob, type Job } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';

/** How many candidates are looked at for each job that is wanted, so that workspaces can take turns. */
const CANDIDATES_PER_JOB = 8;
const CANDIDATES_MIN = 64;
const CANDIDATES_MAX = 4000;
/** How often it is looked beyond the workspaces that fill a window of candidates. */
const BEYOND_ROUNDS_MAX = 8;
/** How often it is looked beyond documents that are no jobs. */
const MALFORMED_ROUNDS_MAX = 10;

/** What is read of a job to decide whose turn it is. */
export interface Candidate {
  readonly _id: string;
  readonly workspaceId: string;
  readonly priority: number;
}

/**
 * Jobs that meet a filter, by priority and due time, from as many workspaces as there are: one that floods the queue fills the
 * window of candidates, and then the others are looked for behind it.
 */
export async function findCandidates(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  limit: number,
): Promise<Result<readonly Candidate[], AppError>> {
  const windowSize = Math.min(Math.max(limit * CANDIDATES_PER_JOB, CANDIDATES_MIN), CANDIDATES_MAX);
  const found: Candidate[] = [];
  const seen = new Set<string>();
  for (let round = 0; round <= BEYOND_ROUNDS_MAX; round += 1) {
    const beyond = seen.size === 0 ? filter : { $and: [filter, { workspaceId: { $nin: [...seen] } }] };
    const more = await attemptCall(() =>
      collections.jobs
        .find(beyond)
        .project<Candidate>({ _id: 1, workspaceId: 1, priority: 1 })
        .sort({ priority: -1, notBefore: 1, _id: 1 })
        .limit(windowSize)
        .toArray(),
    );
    if (!more.ok) return more;
    found.push(...more.value);
    for (const candidate of more.value) seen.add(candidate.workspaceId);
    if (more.value.length < windowSize) break;
  }
  return ok(found);
}

/**
 * Chooses jobs so that workspaces take turns within each priority: no workspace waits behind more than its share of another's.
 * Keeps the order by priority.
 *
 * @param servedAt when each workspace last had a turn, as a growing number; those that waited longest come first, so that
 *   the turns go on from one choice to the next even where each takes a single job
 */
export function takeTurns<Item extends { readonly workspaceId: string; readonly priority: number }>(
  candidates: readonly Item[],
  limit: number,
  servedAt: ReadonlyMap<string, number> = new Map(),
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
        if (next !== undefined && chosen.length < limit) chosen.push(next);
      }
      if (chosen.length >= limit) return chosen;
    }
  }
  return chosen;
}

/**
 * Jobs that meet a filter, workspaces taking turns. Documents that are no jobs are passed over; where they would take most of
 * the places, it is looked beyond them, so that however many there are they never stop the others.
 */
export async function chooseJobs(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  limit: number,
): Promise<Result<readonly Job[], AppError>> {
  return beyondMalformed(limit, async (malformed) => {
    const candidates = await findCandidates(collections, without(filter, malformed), limit);
    if (!candidates.ok) return candidates;
    const ids = takeTurns(candidates.value, limit).map((candidate) => candidate._id);
    if (ids.length === 0) return ok([]);
    const read = await attemptCall(() => collections.jobs.find({ _id: { $in: ids } }).toArray());
    if (!read.ok) return read;
    const byId = new Map(read.value.map((document) => [document._id, document]));
    return ok(ids.flatMap((id) => byId.get(id) ?? []));
  });
}

/** Jobs that meet a filter, in no order; passes over documents that are no jobs as {@link chooseJobs} does. */
export async function findJobs(
  collections: Pick<Collections, 'jobs'>,
  filter: Document,
  limit: number,
): Promise<Result<readonly Job[], AppError>> {
  return beyondMalformed(limit, (malformed) =>
    attemptCall(() => collections.jobs.find(without(filter, malformed)).limit(limit).toArray()),
  );
}

function without(filter: Document, ids: readonly string[]): Document {
  return ids.length === 0 ? filter : { $and: [filter, { _id: { $nin: ids } }] };
}

async function beyondMalformed(
  limit: number,
  read: (malformed: readonly string[]) => Promise<Result<readonly RawDocument[], AppError>>,
): Promise<Result<readonly Job[], AppError>> {
  const jobs: Job[] = [];
  const malformed: string[] = [];
  for (let round = 0; round < MALFORMED_ROUNDS_MAX; round += 1) {
    const documents = await read(malformed);
    if (!documents.ok) return documents;
    jobs.length = 0;
    const before = malformed.length;
    for (const document of documents.value) {
      const parsed = parseJob(document);
      if (parsed.ok) jobs.push(parsed.value);
      else malformed.push(document._id);
    }
    const isFull = documents.value.length >= limit;
    if (!isFull || (malformed.length - before) * 2 <= limit) break;
  }
  return ok(jobs);
}
