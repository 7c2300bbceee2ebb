import type { AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ChangedPlace, ChangeSource } from '#store/change-source.ts';

/** One change of a job's state, as a product's page may show it: no prompt, no output, no money. Times in milliseconds. */
export interface JobEvent {
  /** Names the change, and the position behind it: `<time>.<seq>.<job>`. */
  readonly id: string;
  readonly jobId: string;
  readonly workspaceId: string;
  readonly userId: string;
  readonly kind: string;
  readonly from: Job['state'] | null;
  readonly state: Job['state'];
  readonly seq: number;
  readonly attempt: number;
  readonly atMs: number;
  /** Why it failed or is tried again; only on the latest change of a job. */
  readonly failureClass: string | null;
}

/** How far a look goes back, in milliseconds: a change becomes visible some time after the moment that it is stamped with. */
const OVERLAP_MS = 3000;
/** Whoever comes back later than this begins anew, in milliseconds. */
const RESUME_MS_MAX = 24 * 60 * 60_000;
const PAGE_JOBS = 500;

/** Where to begin: behind a change that was received, or now. */
export function positionOf(lastEventId: string | null): { readonly atMs: number; readonly id: string } | null {
  const atMs = Number(/^(\d{10,16})\.\d+\./.exec(lastEventId ?? '')?.[1] ?? Number.NaN);
  return lastEventId === null || !Number.isSafeInteger(atMs) ? null : { atMs, id: lastEventId };
}

/**
 * The changes of all jobs' states, or of one workspace's, in the order of their times. Read by time and not from a stream, so
 * that every kind of deployment has them, with an overlap: a change that is in time but late in sight is not missed. Within
 * one reader no change comes twice; after a reconnect those of the last three seconds may.
 */
export class JobEventReader {
  readonly #changes: Pick<ChangeSource, 'now' | 'changedSince'>;
  readonly #workspaceId: string | null;
  /** What was given out of the overlap, by id, with its time. */
  readonly #given = new Map<string, number>();
  readonly #position: string | null;
  #sinceMs: number;
  /** Nothing older than this is given: who begins now does not want to know what was. */
  #floorMs = 0;

  constructor(
    changes: Pick<ChangeSource, 'now' | 'changedSince'>,
    options: { readonly workspaceId: string | null; readonly lastEventId: string | null },
  ) {
    this.#changes = changes;
    this.#workspaceId = options.workspaceId;
    const position = positionOf(options.lastEventId);
    this.#position = position?.id ?? null;
    this.#sinceMs = position?.atMs ?? 0;
    if (position !== null) this.#given.set(position.id, position.atMs);
  }

  /** Takes the server's time as the beginning where no position was given. @returns the position. Errors: those of reading. */
  async begin(): Promise<Result<string, AppError>> {
    if (this.#position !== null) return ok(this.#position);
    const now = await this.#changes.now();
    if (!now.ok) return now;
    this.#sinceMs = now.value.getTime();
    this.#floorMs = this.#sinceMs;
    return ok(`${this.#sinceMs}.0.`);
  }

  /** What has happened since the last call, or the beginning. Errors: those of reading. */
  async next(): Promise<Result<readonly JobEvent[], AppError>> {
    const now = await this.#changes.now();
    if (!now.ok) return now;
    const nowMs = now.value.getTime();
    const fromMs = Math.max(this.#sinceMs, nowMs - RESUME_MS_MAX) - OVERLAP_MS;
    const jobs = await this.#read(new Date(fromMs));
    if (!jobs.ok) return jobs;
    const events = jobs.value
      .flatMap(eventsOf)
      .filter(({ atMs, id }) => atMs >= Math.max(fromMs, this.#floorMs) && !this.#given.has(id))
      .sort((left, right) => left.atMs - right.atMs || left.seq - right.seq);
    for (const { id, atMs } of events) this.#given.set(id, atMs);
    this.#sinceMs = Math.max(this.#sinceMs, nowMs);
    const forgottenMs = this.#sinceMs - 2 * OVERLAP_MS;
    for (const [id, atMs] of this.#given) if (atMs < forgottenMs) this.#given.delete(id);
    return ok(events);
  }

  /** Every job that was changed since a time, in pages. */
  async #read(since: Date): Promise<Result<readonly Job[], AppError>> {
    const jobs = new Map<string, Job>();
    for (let from: ChangedPlace | null = { since, afterId: null }; from !== null;) {
      const page = await this.#changes.changedSince('jobs', from, PAGE_JOBS);
      if (!page.ok) return err(page.error);
      for (const change of page.value.changes) {
        if (change.type !== 'job' || change.job.type !== 'job') continue;
        const { job } = change.job;
        if (this.#workspaceId === null || job.workspaceId === this.#workspaceId) jobs.set(job._id, job);
      }
      from = page.value.next;
    }
    return ok([...jobs.values()]);
  }
}

function eventsOf(job: Job): JobEvent[] {
  const latest = job.history.at(-1)?.seq ?? 0;
  return job.history.map(({ seq, from, to, at, attempt }) => ({
    id: `${at.getTime()}.${seq}.${job._id}`,
    jobId: job._id,
    workspaceId: job.workspaceId,
    userId: job.userId,
    kind: job.kind,
    from,
    state: to,
    seq,
    attempt,
    atMs: at.getTime(),
    failureClass: seq === latest ? (job.failure?.class ?? null) : null,
  }));
}
