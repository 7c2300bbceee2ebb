import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import type { HealthJobs, HealthJobsQuery, HealthQuery } from '#contract/health-views.ts';
import type { JobFilter, JobSort } from '#contract/job-views.ts';
import type { JobCounts } from '#contract/status.ts';
import type { AlertScope } from '#domain/alerts/alert-rule.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { JobState } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ExperienceFigures } from '#domain/retry-plan/plan-experience.ts';
import type { RetryExperience } from '#domain/retry-preview.ts';
import { toLedgerEntry, type LedgerColumns } from './book-tables.ts';
import type { CachedDocument, CachedPart } from './changes.ts';
import { AlertReader, type PastJobs, type PastQuery } from './alert-reader.ts';
import { ExperienceReader, type ExperienceQuery, type TwinQuery } from './experience.ts';
import type { RangeDigest } from './digest.ts';
import { DigestReader, type DocumentDigest, type IdRange } from './digest-reader.ts';
import { decode, decodeDocument } from './document-encoding.ts';
import { installInterrupt, type IsUnwanted } from './interrupt.ts';
import { JobSeeker, type JobsPlace } from './job-seek.ts';
import { JobIds } from './job-ids.ts';
import { toJobWords, type JobWords } from './job-words.ts';
import { JobPages, type JobsCount, type JobsPage, type JobsQuery } from './job-pages.ts';
import { DOCUMENTS_BYTES, toCachedAccount, toCachedDocument } from './parsed-documents.ts';
import { FailureReader, type FailureGroups, type FailureGroupsQuery } from './failure-reader.ts';
import { FollowerReader, type FollowedJob } from './followers.ts';
import { HealthJobsReader } from './health-jobs.ts';
import { HealthReader, type HealthAnswer } from './health-reader.ts';
import { ObservedReader, type ObservedChange } from './observed-table.ts';
import { OwnerLedger, type LedgerPlace, type OwnerLedgerPage } from './owner-ledger.ts';
import { OwnerFinder } from './owner-finder.ts';
import { OwnerReader, type Owner, type OwnerTotals } from './owner-reader.ts';
import { PlanReader, type PlanRows } from './plan-reader.ts';
import { ReplayReader, type ReplayQuery } from './replay-reader.ts';
import { StandingReader, type Standing } from './snapshot-book.ts';
import { attemptSql } from './sqlite-errors.ts';

/** The most ledger entries that are given for one job or generation. */
const ENTRIES_MAX = 1000;

/** A document that is none of what its collection should hold. */
export interface MalformedRecord {
  readonly part: CachedPart;
  readonly id: string;
  readonly problems: readonly { readonly path: string; readonly reason: string }[];
  /** Null where the document was not handed over. */
  readonly document: Readonly<Record<string, unknown>> | null;
  readonly seenAtMs: number;
}

/** A page of the documents that are no jobs, accounts or entries, by collection and id. */
export interface MalformedPage {
  readonly rows: readonly MalformedRecord[];
  readonly nextCursor: string | null;
}

const problemsSchema = z.array(z.object({ path: z.string(), reason: z.string() }));

interface MalformedColumns {
  readonly part: CachedPart;
  readonly id: string;
  readonly problems: string;
  readonly document: Buffer | null;
  readonly has_text_id: number;
  readonly seen_ms: number;
}

/**
 * Reads the copy over a connection of its own that cannot write. Every method answers from one consistent state of the copy,
 * also while the writer is in a transaction. Errors: `cache_unusable` where the file is damaged, `timed_out`.
 */
export class CacheReader {
  readonly #db: Database;
  readonly #pages: JobPages;
  readonly #seeker: JobSeeker;
  readonly #ids: JobIds;
  readonly #now: () => number;
  readonly #standing: StandingReader;
  readonly #experience: ExperienceReader;
  readonly #replay: ReplayReader;
  readonly #plans: PlanReader;
  readonly #document: Statement<[string], { document: Buffer }>;
  readonly #malformedOne: Statement<[string, string], MalformedColumns>;
  readonly #malformedPage: Statement<[string, string, number, number], MalformedColumns>;
  readonly #ofJob: Statement<[string, number], LedgerColumns>;
  readonly #ofGeneration: Statement<[string, number], LedgerColumns>;
  readonly #account: Statement<[string], { document: Buffer }>;
  readonly #counts: Statement<[], { state: JobState; kind: string; jobs: number }>;
  readonly #documents: Statement<[string], { documents: number }>;
  readonly #health: HealthReader;
  readonly #healthJobs: HealthJobsReader;
  readonly #failures: FailureReader;
  readonly #owners: OwnerReader;
  readonly #ownerFinder: OwnerFinder;
  readonly #ownerLedger: OwnerLedger;
  readonly #followers: FollowerReader;
  readonly #digests: DigestReader;
  readonly #observed: ObservedReader;
  readonly #alerts: AlertReader;

  /** @param isUnwanted asked now and then while something is read; true ends it with an `InterruptedError` */
  constructor(db: Database, now: () => number, isUnwanted: IsUnwanted = () => false) {
    installInterrupt(db, isUnwanted);
    this.#db = db;
    this.#pages = new JobPages(db, now, isUnwanted);
    this.#seeker = new JobSeeker(db, now, isUnwanted);
    this.#ids = new JobIds(db, isUnwanted);
    this.#now = now;
    this.#standing = new StandingReader(db);
    this.#experience = new ExperienceReader(db);
    this.#replay = new ReplayReader(db);
    this.#plans = new PlanReader(db);
    this.#document = db.prepare('SELECT document FROM jobs JOIN job_documents USING (num) WHERE id = ?');
    this.#malformedOne = db.prepare(
      'SELECT * FROM malformed WHERE part = ? AND id = ? ORDER BY has_text_id DESC LIMIT 1',
    );
    this.#malformedPage = db.prepare(
      'SELECT * FROM malformed WHERE (part, id, has_text_id) > (?, ?, ?) ORDER BY part, id, has_text_id LIMIT +?',
    );
    this.#ofJob = db.prepare('SELECT * FROM ledger WHERE job_id = ? ORDER BY at_ms, id LIMIT +?');
    this.#ofGeneration = db.prepare('SELECT * FROM ledger WHERE generation_id = ? ORDER BY at_ms, id LIMIT +?');
    this.#account = db.prepare('SELECT document FROM accounts WHERE id = ?');
    this.#counts = db.prepare('SELECT state, kind, jobs FROM job_counts');
    this.#documents = db.prepare('SELECT documents FROM part_counts WHERE part = ?');
    this.#health = new HealthReader(db, isUnwanted);
    this.#healthJobs = new HealthJobsReader(db, isUnwanted);
    this.#failures = new FailureReader(db, isUnwanted);
    this.#owners = new OwnerReader(db);
    this.#ownerFinder = new OwnerFinder(db);
    this.#ownerLedger = new OwnerLedger(db);
    this.#followers = new FollowerReader(db);
    this.#digests = new DigestReader(db);
    this.#observed = new ObservedReader(db);
    this.#alerts = new AlertReader(db);
  }

  /** Where the copy stands. */
  standing(): Result<Standing, AppError> {
    return attemptSql(() => this.#standing.read());
  }

  /** One page of jobs in the order asked for; `invalid_request` where the cursor is none of it. */
  jobsPage(query: JobsQuery): Result<JobsPage, AppError> {
    const page = attemptSql(() => this.#inOneState(() => this.#pages.page(query)));
    return page.ok ? page.value : page;
  }

  /** Ids of every job that a filter asks for, those created last first; at most `limit`. */
  jobIds(filter: JobFilter, limit: number): Result<readonly string[], AppError> {
    return attemptSql(() => this.#inOneState(() => this.#ids.read(filter, { nowMs: this.#now(), limit })));
  }

  /** Where a rank of a list is; null where the list cannot be sought, see {@link JobSeeker}. */
  seekJobs(filter: JobFilter, sort: JobSort, rank: number): Result<JobsPlace | null, AppError> {
    return attemptSql(() =>
      this.#inOneState(() => {
        const { count, isExact } = this.#pages.count(filter);
        return isExact ? this.#seeker.seek(filter, sort, { rank, total: count }) : null;
      }),
    );
  }

  countJobs(filter: JobFilter): Result<JobsCount, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#pages.count(filter)));
  }

  /** A document of the job collection by its id, parsed, beside what it was parsed from; null where the copy has none. */
  job(jobId: string): Result<CachedDocument | null, AppError> {
    return attemptSql(() => {
      const found = this.#document.get(jobId) ?? this.#malformedOne.get('jobs', jobId);
      if (found === undefined || found.document === null) return null;
      return toCachedDocument(found.document);
    });
  }

  /** The texts of the jobs of these ids that the copy has, in the order of the ids; malformed documents are none. */
  jobWords(ids: readonly string[]): Result<readonly JobWords[], AppError> {
    return attemptSql(() =>
      this.#inOneState(() =>
        ids.flatMap((id) => {
          const found = this.#document.get(id);
          return found === undefined ? [] : [toJobWords(id, found.document)];
        }),
      ),
    );
  }

  /** Every ledger entry of a job, of all its generations, oldest first, at most 1000. */
  entriesOfJob(jobId: string): Result<readonly LedgerEntry[], AppError> {
    return attemptSql(() => this.#ofJob.all(jobId, ENTRIES_MAX).map(toLedgerEntry));
  }

  /** Every ledger entry of a generation, oldest first, at most 1000. */
  entriesOfGeneration(generationId: string): Result<readonly LedgerEntry[], AppError> {
    return attemptSql(() => this.#ofGeneration.all(generationId, ENTRIES_MAX).map(toLedgerEntry));
  }

  /** What was seen of a job whose document keeps no history, oldest first. */
  observedOf(jobId: string): Result<readonly ObservedChange[], AppError> {
    return attemptSql(() => this.#observed.read(jobId));
  }

  account(workspaceId: string): Result<CreditAccount | null, AppError> {
    return attemptSql(() => {
      const found = this.#account.get(workspaceId);
      return found === undefined ? null : toCachedAccount(found.document);
    });
  }

  /** What the latest jobs of a kind tell of a retry: costs of completed attempts, and how often a class of failure was overcome. */
  experience(query: ExperienceQuery): Result<RetryExperience, AppError> {
    return attemptSql(() => this.#experience.experience(query));
  }

  /** Ids of other jobs of a workspace with the same input that are not at their end, the latest first. */
  twins(query: TwinQuery): Result<readonly string[], AppError> {
    return attemptSql(() => this.#experience.twins(query));
  }

  /** Jobs as a plan of retries asks for them, at most a few ten thousand ids at once; see {@link PlanReader}. */
  planJobs(ids: readonly string[]): Result<PlanRows, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#plans.jobs(ids)));
  }

  /** What jobs of these kinds tell of one more attempt, over the last thirty days. */
  planExperience(kinds: readonly string[]): Result<ExperienceFigures, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#plans.experience(kinds, this.#now())));
  }

  /** What a draft of the retry policy would have done differently with the jobs of a time. Reads every one that has a failure. */
  replay(query: ReplayQuery): Result<ReturnType<ReplayReader['replay']>, AppError> {
    return attemptSql(() => this.#replay.replay(query));
  }

  /** Malformed documents of all collections, by collection and id; `invalid_request` where the cursor is none of this list. */
  malformedPage(cursor: string | null, limit: number): Result<MalformedPage, AppError> {
    const key = cursor === null ? ['', '0', ''] : (/^([a-z]+):([01]):(.*)$/s.exec(cursor)?.slice(1) ?? []);
    const [part, hasTextId, id] = key;
    if (part === undefined || hasTextId === undefined || id === undefined)
      return err(appError('invalid_request', 'the cursor is of another list'));
    return attemptSql(() => {
      const rows: MalformedRecord[] = [];
      let [bytes, last] = [0, ''];
      for (const found of this.#malformedPage.iterate(part, id, Number(hasTextId), limit + 1)) {
        if (rows.length === limit || bytes >= DOCUMENTS_BYTES) return { rows, nextCursor: last };
        rows.push(toMalformedRecord(found));
        bytes += found.document?.length ?? 0;
        last = `${found.part}:${found.has_text_id}:${found.id}`;
      }
      return { rows, nextCursor: null };
    });
  }

  /** How many jobs there are, by state and kind, and how many malformed documents; from the roll-ups. */
  counts(): Result<JobCounts, AppError> {
    return attemptSql(() => {
      const byState = { queued: 0, running: 0, validating: 0, completed: 0, failed: 0, retrying: 0 };
      const byKind = new Map<string, number>();
      let total = 0;
      for (const { state, kind, jobs } of this.#counts.all()) {
        byState[state] += jobs;
        byKind.set(kind, (byKind.get(kind) ?? 0) + jobs);
        total += jobs;
      }
      return { total, byState, byKind: Object.fromEntries(byKind), malformed: this.#documentsOf('malformed') };
    });
  }

  /** How many documents of each collection the copy holds, the malformed ones apart. */
  documentCounts(): Result<Readonly<Record<CachedPart, number>>, AppError> {
    const counts = this.counts();
    if (!counts.ok) return counts;
    return attemptSql(() => ({
      jobs: counts.value.total,
      accounts: this.#documentsOf('accounts'),
      ledger: this.#documentsOf('ledger'),
    }));
  }

  /** The health of generation over a time, from the roll-ups: exact for the copy as it stands. */
  health(query: HealthQuery): Result<HealthAnswer, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#health.health(query)));
  }

  /** The jobs that a mark of health counts, at most 200. */
  healthJobs(query: HealthJobsQuery): Result<HealthJobs, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#healthJobs.read(query)));
  }

  /** Failures grouped by their cause, from the roll-ups. */
  failureGroups(query: FailureGroupsQuery): Result<FailureGroups, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#failures.groups(query)));
  }

  /** How many workspaces have a failure of any of these causes in a time. */
  failureCustomers(
    fingerprints: readonly string[],
    query: Omit<FailureGroupsQuery, 'limit'>,
  ): Result<number, AppError> {
    return attemptSql(() => this.#failures.customers(fingerprints, query));
  }

  /** Jobs that stand failed or retrying for any of these causes since a time, and how many workspaces have them. */
  failuresSince(
    fingerprints: readonly string[],
    sinceMs: number,
  ): Result<{ readonly jobs: number; readonly customers: number }, AppError> {
    return attemptSql(() => this.#failures.since(fingerprints, sinceMs));
  }

  /** All jobs of a workspace or a user, summed up; zeros where the copy has none. */
  ownerTotals(owner: Owner, id: string): Result<OwnerTotals, AppError> {
    return attemptSql(() => this.#owners.totals(owner, id));
  }

  /** Ids of workspaces or users that begin so, as typed, in small letters or in capitals; in their order, at most `limit`. */
  ownersBeginning(owner: Owner, beginning: string, limit: number): Result<readonly string[], AppError> {
    return attemptSql(() => this.#inOneState(() => this.#ownerFinder.find(owner, beginning, limit)));
  }

  /** Entries of the ledger of a workspace, or of a user's jobs, by time; `invalid_request` where the cursor is none of the list. */
  ownerLedger(owner: Owner, id: string, place: LedgerPlace): Result<OwnerLedgerPage, AppError> {
    const page = attemptSql(() => this.#ownerLedger.page(owner, id, place));
    if (!page.ok) return page;
    return page.value === null ? err(appError('invalid_request', 'the cursor is of another list')) : ok(page.value);
  }

  /** Ids of the jobs that name a job in their lineage, the newest first, as far as they are among the next 500 of its user. */
  followersOf(job: FollowedJob): Result<readonly string[], AppError> {
    return attemptSql(() => this.#followers.followersOf(job));
  }

  /** The workspaces of a user's newest jobs. */
  workspacesOfUser(userId: string): Result<readonly string[], AppError> {
    return attemptSql(() => this.#ownerLedger.workspacesOf(userId));
  }

  /** The digest of what the copy holds in a range of ids; see {@link DigestReader}. */
  digest(range: IdRange): Result<RangeDigest, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#digests.digest(range)));
  }

  /** The fingerprint of each document of a range, in the order of their ids; see `contentDigestOf`. */
  contents(range: IdRange): Result<readonly DocumentDigest[], AppError> {
    return attemptSql(() => this.#inOneState(() => this.#digests.contents(range)));
  }

  /** The fingerprint of one document; null where the copy has none of that id. */
  contentOf(part: CachedPart, id: string): Result<string | null, AppError> {
    return attemptSql(() => this.#inOneState(() => this.#digests.contentOf(part, id)));
  }

  /** How many jobs have been running, or validating, since before a time. */
  stuckJobs(beforeMs: number): Result<number, AppError> {
    return attemptSql(() => this.#alerts.stuckJobs(beforeMs));
  }

  /** Jobs of a part of the past that waited for long before they were begun, at most 5,000. */
  longWaits(query: PastQuery, scope: AlertScope): Result<PastJobs, AppError> {
    return attemptSql(() => this.#alerts.longWaits(query, scope));
  }

  /** Jobs of a part of the past that were long under way, at most 5,000. */
  longRuns(query: PastQuery): Result<PastJobs, AppError> {
    return attemptSql(() => this.#alerts.longRuns(query));
  }

  /** Runs several statements on one state of the copy, whoever writes meanwhile. */
  #inOneState<Value>(work: () => Value): Value {
    return this.#db.transaction(work).deferred();
  }

  #documentsOf(part: string): number {
    return this.#documents.get(part)?.documents ?? 0;
  }
}

function toMalformedRecord(columns: MalformedColumns): MalformedRecord {
  return {
    part: columns.part,
    id: columns.id,
    problems: decode(() => problemsSchema.parse(JSON.parse(columns.problems))),
    document: columns.document === null ? null : decodeDocument(columns.document),
    seenAtMs: columns.seen_ms,
  };
}
