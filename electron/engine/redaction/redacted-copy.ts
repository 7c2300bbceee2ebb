import type { CachedDocument } from '#cache/changes.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import type { JobFilter, JobRow } from '#contract/job-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { EchoFinder } from '#domain/redaction/echo.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { redactJobDocument, redactUnknownDocument } from '#domain/redaction/redact-document.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { toJobRow } from '../job-views.ts';

/** Methods that answer with figures, ids and times alone, or with what never leaves the engine. */
type Textless =
  | 'standing'
  | 'entriesOfGeneration'
  | 'observedOf'
  | 'account'
  | 'experience'
  | 'twins'
  | 'planJobs'
  | 'planExperience'
  | 'replay'
  | 'counts'
  | 'documentCounts'
  | 'health'
  | 'failureCustomers'
  | 'failuresSince'
  | 'ownerTotals'
  | 'followersOf'
  | 'workspacesOfUser'
  | 'digest'
  | 'contents'
  | 'contentOf'
  | 'stuckJobs'
  | 'longWaits'
  | 'longRuns';

/** What a lens needs to know besides itself. */
export interface RedactedCopyParts {
  readonly lens: Lens;
  /** The fingerprint that was handed out under a token; null where there is none. */
  readonly fingerprintOf: (token: string) => string | null;
}

/** No job has it, so that a filter by an unknown token finds none. */
const NO_FINGERPRINT = 'no such cause';

/**
 * The copy as somebody sees it from whom something is hidden. Words are not searched for: hits would tell what stands in hidden texts.
 * The compiler refuses a new method of the reader that says nothing of its texts here.
 */
export function redactedCopy(copy: CopyReader, parts: RedactedCopyParts): CopyReader {
  return { ...textless(copy), ...texts(copy, parts) };
}

/** A document of the job collection as the lens shows it. */
export function redactFound(found: CachedDocument, lens: Lens): CachedDocument {
  if (found.type === 'job') {
    const { value: job } = redactJobDocument(found.job, lens);
    return { ...found, job, document: redactJobDocument(found.document, lens).value };
  }
  const document = asFields(redactUnknownDocument(found.document, lens));
  return { ...found, document };
}

/**
 * The filter that somebody from whom something is hidden may ask for: causes by their tokens, and no words.
 * Error: `search_hidden`.
 */
export function allowedFilter(
  filter: JobFilter,
  fingerprintOf: RedactedCopyParts['fingerprintOf'],
): Result<JobFilter, AppError> {
  if (filter.text.trim() !== '') return err(appError('search_hidden'));
  const { fingerprint } = filter;
  return ok(fingerprint === null ? filter : { ...filter, fingerprint: fingerprintOf(fingerprint) ?? NO_FINGERPRINT });
}

function texts(copy: CopyReader, { lens, fingerprintOf }: RedactedCopyParts): Omit<CopyReader, Textless> {
  const echoesOf = async (jobId: string): Promise<Result<EchoFinder | null, AppError>> => {
    if (!lens.hidesInput) return ok(new EchoFinder([]));
    const found = await copy.job(jobId);
    if (!found.ok) return found;
    return ok(found.value?.type === 'job' ? redactJobDocument(found.value.document, lens).echoes : null);
  };
  const allowed = (filter: JobFilter): Result<JobFilter, AppError> => allowedFilter(filter, fingerprintOf);
  const redactRow = async (row: JobRow): Promise<Result<JobRow, AppError>> => {
    const found = await copy.job(row.id);
    if (!found.ok) return found;
    if (found.value?.type !== 'job') return ok(hiddenRow(row));
    const { promptStart, failureMessage } = toJobRow(redactJobDocument(found.value.job, lens).value);
    // The row may be older than the document: what it shows of a failure is that of the row.
    return ok({ ...row, promptStart, failureMessage: row.failureMessage === null ? null : failureMessage, hit: null });
  };
  const redactRows = async (rows: readonly JobRow[]): Promise<Result<readonly JobRow[], AppError>> => {
    const redacted: JobRow[] = [];
    for (const row of await Promise.all(rows.map(redactRow))) {
      if (!row.ok) return row;
      redacted.push(row.value);
    }
    return ok(redacted);
  };
  return {
    job: async (jobId) => {
      const found = await copy.job(jobId);
      return found.ok && found.value !== null ? ok(redactFound(found.value, lens)) : found;
    },
    jobsPage: async (query) => {
      const filter = allowed(query.filter);
      if (!filter.ok) return filter;
      const page = await copy.jobsPage({ ...query, filter: filter.value });
      if (!page.ok) return page;
      const rows = await redactRows(page.value.rows);
      return rows.ok ? ok({ ...page.value, rows: rows.value }) : rows;
    },
    jobIds: async (filter, limit) => {
      const may = allowed(filter);
      return may.ok ? copy.jobIds(may.value, limit) : may;
    },
    seekJobs: async (filter, sort, rank) => {
      const may = allowed(filter);
      return may.ok ? copy.seekJobs(may.value, sort, rank) : may;
    },
    countJobs: async (filter) => {
      const may = allowed(filter);
      return may.ok ? copy.countJobs(may.value) : may;
    },
    entriesOfJob: async (jobId) => {
      const entries = await copy.entriesOfJob(jobId);
      if (!entries.ok) return entries;
      const echoes = await echoesOf(jobId);
      if (!echoes.ok) return echoes;
      return ok(entries.value.map((entry) => ({ ...entry, reason: cleanReason(entry.reason, echoes.value, lens) })));
    },
    ownerLedger: async (owner, id, place) => {
      const page = await copy.ownerLedger(owner, id, place);
      if (!page.ok) return page;
      const entries: (typeof page.value.entries)[number][] = [];
      for (const entry of page.value.entries) {
        const echoes = entry.jobId === null ? ok(new EchoFinder([])) : await echoesOf(entry.jobId);
        if (!echoes.ok) return echoes;
        entries.push({ ...entry, reason: cleanReason(entry.reason, echoes.value, lens) });
      }
      return ok({ ...page.value, entries });
    },
    healthJobs: async (query) => {
      const found = await copy.healthJobs(query);
      if (!found.ok) return found;
      const rows = await redactRows(found.value.jobs.map(({ row }) => row));
      if (!rows.ok) return rows;
      const jobs = found.value.jobs.map((job, index) => ({ ...job, row: rows.value[index] ?? hiddenRow(job.row) }));
      return ok({ ...found.value, jobs });
    },
    failureGroups: async (query) => {
      const found = await copy.failureGroups(query);
      if (!found.ok) return found;
      const hidden = lens.hiddenAt(['failure', 'message']);
      const groups: (typeof found.value.groups)[number][] = [];
      for (const group of found.value.groups) {
        const echoes = hidden === null ? await echoesOf(group.jobId) : ok(null);
        if (!echoes.ok) return echoes;
        const message = hidden === null ? cleanReason(group.message, echoes.value, lens) : redactionMark(hidden);
        groups.push({ ...group, message });
      }
      return ok({ ...found.value, groups });
    },
    malformedPage: async (cursor, limit) => {
      const page = await copy.malformedPage(cursor, limit);
      if (!page.ok) return page;
      const rows = page.value.rows.map((record) => ({
        ...record,
        problems: record.problems.map(({ path, reason }) => ({ path: lens.clean(path), reason: lens.clean(reason) })),
        document: record.document === null ? null : asFields(redactUnknownDocument(record.document, lens)),
      }));
      return ok({ ...page.value, rows });
    },
  };
}

/** A text about a job without what is hidden of it; `echoes` is null where the job is not known, and then nothing is shown. */
function cleanReason(text: string, echoes: EchoFinder | null, lens: Lens): string {
  return echoes === null ? redactionMark('its job is not known') : echoes.clean(lens.clean(text));
}

/** A row whose job could not be looked at beside it. */
function hiddenRow(row: JobRow): JobRow {
  const mark = redactionMark('its job is not known');
  return { ...row, promptStart: mark, failureMessage: row.failureMessage === null ? null : mark, hit: null };
}

function asFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textless(copy: CopyReader): Pick<CopyReader, Textless> {
  return {
    standing: (...args) => copy.standing(...args),
    entriesOfGeneration: (...args) => copy.entriesOfGeneration(...args),
    observedOf: (...args) => copy.observedOf(...args),
    account: (...args) => copy.account(...args),
    experience: (...args) => copy.experience(...args),
    twins: (...args) => copy.twins(...args),
    planJobs: (...args) => copy.planJobs(...args),
    planExperience: (...args) => copy.planExperience(...args),
    replay: (...args) => copy.replay(...args),
    counts: (...args) => copy.counts(...args),
    documentCounts: (...args) => copy.documentCounts(...args),
    health: (...args) => copy.health(...args),
    failureCustomers: (...args) => copy.failureCustomers(...args),
    failuresSince: (...args) => copy.failuresSince(...args),
    ownerTotals: (...args) => copy.ownerTotals(...args),
    followersOf: (...args) => copy.followersOf(...args),
    workspacesOfUser: (...args) => copy.workspacesOfUser(...args),
    digest: (...args) => copy.digest(...args),
    contents: (...args) => copy.contents(...args),
    contentOf: (...args) => copy.contentOf(...args),
    stuckJobs: (...args) => copy.stuckJobs(...args),
    longWaits: (...args) => copy.longWaits(...args),
    longRuns: (...args) => copy.longRuns(...args),
  };
}
