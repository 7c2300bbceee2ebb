import type { AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import type { ChangeSource } from '#store/change-source.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import type { JobStates } from '#store/state-changes.ts';

/** One change of a job's state, as a product's page may show it: no prompt, no output, no money. Times in milliseconds. */
export interface JobEvent {
  /** Names the change, `<time>.<seq>.<job>`: who gets it twice knows it by that. */
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

/** An event, and where to go on behind it. */
export interface PlacedEvent {
  readonly event: JobEvent;
  /** Opaque to clients: what they come back with. */
  readonly position: string;
}

/** What one look brought. */
export interface EventPage {
  readonly events: readonly PlacedEvent[];
  /** There is more to be read at once. */
  readonly isBehind: boolean;
}

/** What events are read from. */
export type EventSource = Pick<ChangeSource, 'now' | 'statesSince'>;

/** How far an ordinary look goes back, in milliseconds: a change becomes visible some moments after the time that it is stamped with. */
const OVERLAP_MS = 3000;
/**
 * How far a deep look goes back behind the last deep one, and how often there is one: a transaction may become visible as late as it may
 * last (`transactionLifetimeLimitSeconds`), a majority that lags or a clock that was set back about as late.
 */
const LATE_MS = 60_000 + OVERLAP_MS;
const DEEP_EVERY_MS = 30_000;
/** What is older than this, and visible, was given by whoever was looking. */
const UNSURE_MS = LATE_MS + DEEP_EVERY_MS;
/** Whoever comes back later than this begins anew, in milliseconds. */
const RESUME_MS_MAX = 24 * 60 * 60_000;
const PAGE_JOBS = 500;
/** Of so many jobs it is known what was given of them; of those before, what is read again is given again. */
const GIVEN_MAX = 50_000;

interface Position {
  /** Everything that was changed before was given, but for what becomes visible late. */
  readonly readMs: number;
  /** Of jobs that were not given yet, everything since then is. */
  readonly floorMs: number;
  readonly seq: number;
  readonly jobId: string;
}

/** One way through the jobs that were changed since a time, of one or several pages. */
interface Look {
  readonly place: ChangedPlace;
  readonly beganMs: number;
  readonly isDeep: boolean;
}

const POSITION = /^(\d{10,16})\.(?:(\d{10,16})\.)?(\d{1,9})\.(.*)$/s;

/** Where to begin: behind an event that was received, by its position or by its own id; null for anything else. */
export function positionOf(lastEventId: string | null): Position | null {
  const [, read, floor, seq, jobId = ''] = POSITION.exec(lastEventId ?? '') ?? [];
  if (read === undefined) return null;
  const readMs = Number(read);
  return { readMs, floorMs: floor === undefined ? readMs - UNSURE_MS : Number(floor), seq: Number(seq), jobId };
}

/**
 * The changes of all jobs' states, or of one workspace's: those of one job in their order, of several about in the order of their times.
 * Read by time and not from a stream, so that every kind of deployment has them, page by page, so that whoever comes back after a day costs no
 * more memory than anybody else. Every change is given at least once; again it may be given after a reconnect, and
 * where more than {@link GIVEN_MAX} jobs change within two minutes.
 */
export class JobEventReader {
  readonly #source: EventSource;
  readonly #workspaceId: string | null;
  readonly #begun: Position | null;
  /** The last number that was given of each job, and its time; the job that was given last is the last. */
  readonly #given = new Map<string, { readonly seq: number; readonly atMs: number }>();
  #readMs = 0;
  #floorMs = 0;
  #deepMs = 0;
  /** A look that has more pages: where it goes on, and what everything was read up to when it is over. */
  #look: Look | null = null;

  constructor(
    source: EventSource,
    options: { readonly workspaceId: string | null; readonly lastEventId: string | null },
  ) {
    this.#source = source;
    this.#workspaceId = options.workspaceId;
    this.#begun = positionOf(options.lastEventId);
  }

  /** Takes the server's time as the beginning where no position was given. @returns the position. Errors: those of reading. */
  async begin(): Promise<Result<string, AppError>> {
    const now = await this.#source.now();
    if (!now.ok) return now;
    const nowMs = now.value.getTime();
    const begun = this.#begun;
    if (begun === null) {
      [this.#readMs, this.#floorMs, this.#deepMs] = [nowMs, nowMs, nowMs];
      return ok(positionText(nowMs, nowMs, 0, ''));
    }
    const earliestMs = nowMs - RESUME_MS_MAX;
    // A time that lies ahead, as the id of an event may have that a product stamped, does not say how far anything was read.
    const toldMs = (ms: number): number => (ms > nowMs + UNSURE_MS ? earliestMs : Math.max(ms, earliestMs));
    this.#readMs = toldMs(begun.readMs);
    this.#floorMs = toldMs(begun.floorMs);
    this.#look = { place: { atMs: this.#readMs - UNSURE_MS, fromId: null }, beganMs: nowMs, isDeep: true };
    if (begun.jobId !== '') this.#given.set(begun.jobId, { seq: begun.seq, atMs: begun.readMs });
    return ok(positionText(begun.readMs, begun.floorMs, begun.seq, begun.jobId));
  }

  /** What has happened since the last call, or the beginning, or a part of it. Errors: those of reading. */
  async next(): Promise<Result<EventPage, AppError>> {
    const begun = this.#look === null ? await this.#beginLook() : ok(this.#look);
    if (!begun.ok) return begun;
    const look = begun.value;
    const page = await this.#source.statesSince(look.place, { workspaceId: this.#workspaceId, limit: PAGE_JOBS });
    if (!page.ok) return page;
    const events = page.value.jobs.flatMap((job) => this.#newOf(job, look));
    if (page.value.next !== null) this.#look = { ...look, place: page.value.next };
    else this.#endLook(look);
    return ok({ events, isBehind: page.value.next !== null });
  }

  async #beginLook(): Promise<Result<Look, AppError>> {
    const now = await this.#source.now();
    if (!now.ok) return now;
    const beganMs = now.value.getTime();
    const isDeep = beganMs - this.#deepMs >= DEEP_EVERY_MS;
    const atMs = isDeep ? this.#deepMs - LATE_MS : this.#readMs - OVERLAP_MS;
    return ok({ place: { atMs, fromId: null }, beganMs, isDeep });
  }

  #endLook({ beganMs, isDeep }: Look): void {
    this.#look = null;
    this.#readMs = Math.max(this.#readMs, beganMs);
    if (!isDeep) return;
    this.#deepMs = beganMs;
    this.#floorMs = Math.max(this.#floorMs, beganMs - LATE_MS);
    for (const [jobId, { atMs }] of this.#given) if (atMs < this.#floorMs) this.#given.delete(jobId);
  }

  /** What of a job was not given yet. */
  #newOf(job: JobStates, { beganMs }: Look): readonly PlacedEvent[] {
    const given = this.#given.get(job._id);
    const all = eventsOf(job);
    // A number that is lower than the one before is of another job, which has the name of one that was deleted.
    const isKnown = given !== undefined && (all.at(-1)?.seq ?? 0) >= given.seq;
    const events = all.filter(({ seq, atMs }) => (isKnown ? seq > given.seq : atMs >= this.#floorMs));
    const last = events.at(-1);
    if (last === undefined) return [];
    this.#given.delete(job._id);
    this.#given.set(job._id, { seq: last.seq, atMs: last.atMs });
    const oldest = this.#given.size > GIVEN_MAX ? this.#given.keys().next().value : undefined;
    if (oldest !== undefined) this.#given.delete(oldest);
    // Whoever comes back is told what came after this: a job whose own time lies ahead must not put the others behind them.
    const readMs = Math.max(this.#readMs, Math.min(job.updatedAt.getTime(), beganMs));
    return events.map((event) => ({ event, position: positionText(readMs, this.#floorMs, event.seq, event.jobId) }));
  }
}

function positionText(readMs: number, floorMs: number, seq: number, jobId: string): string {
  return `${readMs}.${floorMs}.${seq}.${jobId}`;
}

function eventsOf({ _id: jobId, workspaceId, userId, kind, history, failure }: JobStates): JobEvent[] {
  const latest = history.at(-1)?.seq ?? 0;
  return history.map(({ seq, from, to, at, attempt }) => ({
    id: `${at.getTime()}.${seq}.${jobId}`,
    jobId,
    workspaceId,
    userId,
    kind,
    from,
    state: to,
    seq,
    attempt,
    atMs: at.getTime(),
    failureClass: seq === latest ? (failure?.class ?? null) : null,
  }));
}
