import type { Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Collections } from './collections.ts';
import { findBeyond, findFirst, together, windowSizeOf, type Candidate } from './job-choice.ts';

/** How long candidates are chosen from before the queue is looked at again, in milliseconds, where there are enough of them. */
const AGE_MS_MAX = 200;
/**
 * How often it is looked behind the workspaces that fill the window, in milliseconds: that is all a newcomer can lose where one look
 * comes round all workspaces. On a server that is slow it takes no more than this share of the time, up to the longest pause.
 */
const BEYOND_MS = 500;
const BEYOND_SHARE = 0.02;
const BEYOND_MS_MAX = 5000;

/** Which window is wanted. */
export interface WindowQuery {
  /** Names the filter; another name means that what was found serves no more. */
  readonly name: string;
  readonly filter: Document;
  readonly limit: number;
  /** The server's clock. */
  readonly now: Date;
}

/** How long a document that is no job is not looked at again, in milliseconds, and how many of them are remembered. */
const EXCLUDED_MS = 60_000;
const EXCLUDED_MAX = 2000;
/** How often it is looked behind documents that are no jobs. */
const MALFORMED_ROUNDS_MAX = 10;

/**
 * The head of the queue as it was found last, so that claims that follow one another quickly need not each look for it. That a
 * candidate is still waiting is decided by the claim; a window that is too old or too small to fill every place is found anew.
 */
export class CandidateWindow {
  readonly #collections: Pick<Collections, 'jobs'>;
  #name = '';
  #foundAtMs = Number.NEGATIVE_INFINITY;
  #beyondAtMs = Number.NEGATIVE_INFINITY;
  #beyondEveryMs = BEYOND_MS;
  readonly #monotonicMs: () => number;
  #first: readonly Candidate[] = [];
  #beyond: readonly Candidate[] = [];
  /** The workspace behind which the next look begins. */
  #beyondFrom = '';
  /** Documents that are no jobs, and since when they are passed over. */
  readonly #excluded = new Map<string, number>();

  constructor(collections: Pick<Collections, 'jobs'>, monotonicMs: () => number) {
    this.#collections = collections;
    this.#monotonicMs = monotonicMs;
  }

  /** Candidates by priority and due time, from as many workspaces as there are. */
  async candidates(query: WindowQuery): Promise<Result<readonly Candidate[], AppError>> {
    const nowMs = query.now.getTime();
    if (query.name !== this.#name) this.forget();
    this.#name = query.name;
    if (Math.abs(nowMs - this.#foundAtMs) <= AGE_MS_MAX && this.#first.length >= query.limit) return ok(this.#all());
    const size = windowSizeOf(query.limit);
    for (let round = 0; round < MALFORMED_ROUNDS_MAX; round += 1) {
      const first = await findFirst(this.#collections, this.#withoutExcluded(query.filter), size);
      if (!first.ok) return first;
      const { jobs, malformed } = first.value;
      this.#first = jobs;
      this.#foundAtMs = nowMs;
      this.exclude(malformed, query.now);
      if (jobs.length + malformed.length < size) {
        this.#beyond = [];
        return ok(this.#all());
      }
      if (malformed.length * 2 <= size) break;
    }
    if (Math.abs(nowMs - this.#beyondAtMs) > this.#beyondEveryMs) {
      const beganAtMs = this.#monotonicMs();
      const beyond = await findBeyond(this.#collections, this.#withoutExcluded(query.filter), this.#beyondFrom);
      if (!beyond.ok) return beyond;
      this.#beyondFrom = beyond.value.endsAt;
      this.exclude(beyond.value.malformed, query.now);
      this.#beyond = beyond.value.jobs;
      this.#beyondAtMs = nowMs;
      const tookMs = this.#monotonicMs() - beganAtMs;
      this.#beyondEveryMs = Math.min(Math.max(BEYOND_MS, tookMs / BEYOND_SHARE), BEYOND_MS_MAX);
    }
    return ok(this.#all());
  }

  /** These were claimed, or turned out not to be waiting any more. */
  remove(ids: ReadonlySet<string>): void {
    this.#first = this.#first.filter((job) => !ids.has(job._id));
    this.#beyond = this.#beyond.filter((job) => !ids.has(job._id));
  }

  /** Documents that are no jobs, or that the server refuses to claim: for a while they are not candidates. */
  exclude(ids: readonly string[], now: Date): void {
    const nowMs = now.getTime();
    for (const [id, atMs] of this.#excluded) if (Math.abs(nowMs - atMs) > EXCLUDED_MS) this.#excluded.delete(id);
    for (const id of ids) if (this.#excluded.size < EXCLUDED_MAX) this.#excluded.set(id, nowMs);
    this.remove(new Set(ids));
  }

  /** The next choice looks at the queue. */
  forget(): void {
    this.#foundAtMs = Number.NEGATIVE_INFINITY;
    this.#beyondAtMs = Number.NEGATIVE_INFINITY;
    this.#beyond = [];
  }

  #withoutExcluded(filter: Document): Document {
    return this.#excluded.size === 0 ? filter : { $and: [filter, { _id: { $nin: [...this.#excluded.keys()] } }] };
  }

  #all(): readonly Candidate[] {
    return together(this.#first, this.#beyond);
  }
}
