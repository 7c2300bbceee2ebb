import type { CopyReader } from '#cache/copy-reader.ts';
import { subjectOfRow, twinOfRow } from '#cache/plan-rows.ts';
import type { Standing } from '#cache/snapshot-book.ts';
import type { JobFilter } from '#contract/job-views.ts';
import { counted } from '#domain/counted.ts';
import type { AppError } from '#domain/errors.ts';
import { experienceFrom, ExperienceTally } from '#domain/retry-plan/plan-experience.ts';
import type { PlanExperience } from '#domain/retry-plan/plan-draft.ts';
import type { PlanSubject } from '#domain/retry-plan/plan-item.ts';
import type { PlanOrigin } from '#domain/retry-plan/plan-record.ts';
import { ok, type Result } from '#domain/result.ts';
import type { BulkReads } from '#store/bulk-reads.ts';
import { readSubjects } from './plan-subjects.ts';

/** What a plan asks of the offline copy. */
export type PlanCopy = Pick<CopyReader, 'standing' | 'jobIds' | 'planJobs' | 'planExperience'>;

/** Some jobs as a plan sees them. */
export interface SourcedJobs {
  readonly subjects: ReadonlyMap<string, PlanSubject>;
  /** Ids whose documents are no jobs, and of jobs whose ledger or account cannot be read, with the first reason. */
  readonly malformed: ReadonlyMap<string, string>;
  /** What workspaces have available, as the server says now: each in one of the answers, and in none where it has no account. */
  readonly available: ReadonlyMap<string, number>;
  /** By the id of a job: another one of its workspace with the same input that is on its way. */
  readonly twins: ReadonlyMap<string, string>;
}

/** Where the jobs of a plan are read from. */
export interface JobSource {
  readonly origin: PlanOrigin;
  /** Ids of the jobs that a filter asks for, the newest first; at most `limit`. Only the copy can search words. */
  idsWhere(filter: JobFilter, limit: number): Promise<Result<readonly string[], AppError>>;
  /** The jobs of some ids; those that there are not are left out. */
  jobs(ids: readonly string[]): Promise<Result<SourcedJobs, AppError>>;
  /** What earlier jobs of these kinds tell. */
  experience(kinds: readonly string[]): Promise<Result<PlanExperience, AppError>>;
}

/** How far the copy may be behind the server and still be planned from, in milliseconds. */
export const COPY_AGE_MAX_MS = 5 * 60_000;
/** Jobs changed last that tell what a retry costs and how often it helps, where the server is asked. */
const EXPERIENCE_JOBS = 1000;
/** How many ids one question to the server names. */
const READ_AT_ONCE = 1000;

/**
 * The copy where it is complete and hardly behind, otherwise the server. A copy that keeps a window of the jobs is as good: what it
 * lacks is asked of the server. The balance is the server's in both cases: a top-up of a moment ago counts.
 */
export async function planSource(
  bulk: BulkReads,
  copy: PlanCopy | null,
  now: Date,
): Promise<Result<JobSource, AppError>> {
  if (copy === null) return ok(serverSource(bulk, now));
  const standing = await copy.standing();
  if (!standing.ok) return standing.error.code === 'copy_upgrading' ? ok(serverSource(bulk, now)) : standing;
  const { isComplete, isSnapshotOpen, asOfMs } = standing.value;
  const isFresh = asOfMs !== null && now.getTime() - asOfMs <= COPY_AGE_MAX_MS;
  if (!isComplete || isSnapshotOpen || !isFresh) return ok(serverSource(bulk, now));
  return ok(copySource(bulk, copy, standing.value, now));
}

function copySource(bulk: BulkReads, copy: PlanCopy, standing: Standing, now: Date): JobSource {
  const server = serverSource(bulk, now);
  const isWhole = standing.scope.keptSinceMs === null;
  const asked = new Map<string, Promise<Result<unknown, AppError>>>();
  const unreadAccounts = new Map<string, string>();
  const readAvailable = async (
    ids: readonly string[],
    available: Map<string, number>,
  ): Promise<Result<void, AppError>> => {
    const unread = await bulk.eachAvailable(ids, (balance) => available.set(balance._id, balance.available));
    if (!unread.ok) return unread;
    for (const [id, why] of unread.value) unreadAccounts.set(id, why);
    return ok(undefined);
  };
  return {
    origin: { type: 'copy', asOf: new Date(Math.min(standing.asOfMs ?? 0, now.getTime())) },
    // What lies before the window only the server knows; words only the copy can search.
    idsWhere: async (filter, limit) =>
      isWhole || filter.text !== '' ? copy.jobIds(filter, limit) : server.idsWhere(filter, limit),
    jobs: async (ids) => {
      const found = await copy.planJobs(ids);
      if (!found.ok) return found;
      const subjects = new Map(found.value.rows.map((row) => [row[0], subjectOfRow(row)]));
      const malformed = new Map(found.value.malformed);
      const missing = ids.filter((id) => !subjects.has(id) && !malformed.has(id));
      const others = await server.jobs(missing);
      if (!others.ok) return others;
      const workspaces = new Set([...subjects.values()].map(({ workspaceId }) => workspaceId));
      // An outage meets the same workspaces in page after page: each is asked for once.
      const unknown = [...workspaces].filter((id) => !asked.has(id));
      const available = new Map<string, number>();
      const answer = readAvailable(unknown, available);
      unknown.forEach((id) => asked.set(id, answer));
      // Another page may be waiting for some of them.
      for (const one of new Set([...workspaces].map((id) => asked.get(id)))) {
        const read = await one;
        if (read?.ok === false) return read;
      }
      for (const [id, { workspaceId }] of subjects) {
        const why = unreadAccounts.get(workspaceId);
        if (why === undefined) continue;
        malformed.set(id, `Its ${why}.`);
        subjects.delete(id);
      }
      return ok({
        subjects: new Map([...subjects, ...others.value.subjects]),
        malformed: new Map([...malformed, ...others.value.malformed]),
        available: new Map([...available, ...others.value.available]),
        twins: new Map([...found.value.rows.flatMap(twinOfRow), ...others.value.twins]),
      });
    },
    experience: async (kinds) => {
      const figures = await copy.planExperience(kinds);
      return figures.ok ? ok(experienceFrom(figures.value)) : figures;
    },
  };
}

function serverSource(bulk: BulkReads, now: Date): JobSource {
  let live: ReturnType<BulkReads['liveInputs']> | null = null;
  return {
    origin: { type: 'server' },
    idsWhere: (filter, limit) => bulk.idsWhere(filter, { now, limit }),
    jobs: async (ids) => {
      const all = {
        subjects: new Map(),
        malformed: new Map(),
        available: new Map(),
        twins: new Map(),
      } satisfies SourcedJobs;
      for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
        const page = ids.slice(start, start + READ_AT_ONCE);
        const read = await readSubjects(bulk, page, ({ input }) => input.hash);
        if (!read.ok) return read;
        const inputs = await (live ??= bulk.liveInputs());
        if (!inputs.ok) return inputs;
        for (const [id, { subject, kept: inputHash }] of read.value.jobs) {
          if (read.value.malformed.has(id)) continue;
          all.subjects.set(id, subject);
          const twin = inputs.value.idOf(subject.workspaceId, inputHash);
          if (twin !== null && twin !== id) all.twins.set(id, twin);
        }
        for (const [id, why] of read.value.malformed) all.malformed.set(id, why);
        for (const [id, credits] of read.value.available) all.available.set(id, credits);
      }
      return ok(all);
    },
    experience: async () => {
      const tally = new ExperienceTally();
      let jobs = 0;
      const read = await bulk.eachRecentJob(EXPERIENCE_JOBS, (document) => {
        if (document.type !== 'job') return;
        jobs += 1;
        tally.addJob(document.job);
      });
      if (!read.ok) return read;
      const basis = `attempts that followed such a failure among the ${counted(jobs, 'job')} changed last`;
      return ok(experienceFrom(tally.figures(basis)));
    },
  };
}
