import type { CachedDocument } from '#cache/changes.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import type { JobWords } from '#cache/job-words.ts';
import type { JobFilter, JobRow } from '#contract/job-views.ts';
import { searchOfNames } from '#contract/query/search-terms.ts';
import { isOwnReason } from '#domain/charge.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { EchoFinder } from '#domain/redaction/echo.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { redactJobDocument, redactUnknownDocument } from '#domain/redaction/redact-document.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { beginningsOf } from '../job-views.ts';

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
  | 'ownersBeginning'
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

type Echoes = ReadonlyMap<string, EchoFinder | null>;

const NO_ECHOES = new EchoFinder([]);

/**
 * The copy as somebody sees it from whom something is hidden. Words are searched for in ids alone: hits would tell what stands in hidden texts.
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
  /**
   * What is looked for in texts about each of these jobs; one that the copy has not is not among them. Null where the copy keeps no
   * prompts: the job's own texts were written without quotations, and of any other nobody can tell.
   */
  const echoesOf = async (jobIds: readonly string[]): Promise<Result<Echoes, AppError>> => {
    if (!lens.hidesInput) return ok(new Map(jobIds.map((id) => [id, NO_ECHOES])));
    const found = await copy.jobWords(jobIds);
    if (!found.ok) return found;
    const finderOf = (words: Pick<JobWords, 'input' | 'failure'>): EchoFinder | null =>
      words.input.prompt === '' ? null : redactJobDocument(words, lens).echoes;
    return ok(new Map(found.value.map(({ id, ...words }) => [id, finderOf(words)])));
  };
  const allowed = (filter: JobFilter): Result<JobFilter, AppError> => {
    const text = searchOfNames(filter.text);
    if (text === null) return err(appError('search_hidden'));
    const narrowed = allowedFilter({ ...filter, text: '' }, fingerprintOf);
    return narrowed.ok ? ok({ ...narrowed.value, text }) : narrowed;
  };
  const redactRows = async (rows: readonly JobRow[]): Promise<Result<readonly JobRow[], AppError>> => {
    const found = await copy.jobWords(rows.map(({ id }) => id));
    if (!found.ok) return found;
    const words = new Map(found.value.map((one) => [one.id, one]));
    return ok(rows.map((row) => redactRow(row, words.get(row.id), lens)));
  };
  return {
    job: async (jobId) => {
      const found = await copy.job(jobId);
      return found.ok && found.value !== null ? ok(redactFound(found.value, lens)) : found;
    },
    jobWords: async (ids) => {
      const found = await copy.jobWords(ids);
      if (!found.ok) return found;
      return ok(found.value.map(({ id, ...words }) => ({ id, ...redactJobDocument(words, lens).value })));
    },
    jobsPage: async (query) => {
      const filter = allowed(query.filter);
      if (!filter.ok) return filter;
      const page = await copy.jobsPage({ ...query, filter: filter.value });
      if (!page.ok) return page;
      // Whoever looks for a word in texts is told why there is nothing, and not that there is nothing.
      const isInVain = page.value.rows.length === 0 && query.cursor === null && filter.value.text !== '';
      if (isInVain) return err(appError('search_hidden'));
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
      const echoes = await echoesOf([jobId]);
      if (!echoes.ok) return echoes;
      const found = echoes.value.get(jobId);
      return ok(entries.value.map((entry) => ({ ...entry, reason: cleanEntryReason(entry, found, lens) })));
    },
    ownerLedger: async (owner, id, place) => {
      const page = await copy.ownerLedger(owner, id, place);
      if (!page.ok) return page;
      const { entries } = page.value;
      const echoes = await echoesOf(distinct(entries.flatMap(({ jobId }) => jobId ?? [])));
      if (!echoes.ok) return echoes;
      const cleaned = entries.map((entry) => {
        const found = entry.jobId === null ? NO_ECHOES : echoes.value.get(entry.jobId);
        return { ...entry, reason: cleanEntryReason(entry, found, lens) };
      });
      return ok({ ...page.value, entries: cleaned });
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
      const { groups } = found.value;
      const echoes = await echoesOf(hidden === null ? distinct(groups.map(({ jobId }) => jobId)) : []);
      if (!echoes.ok) return echoes;
      const cleaned = groups.map((group) => ({
        ...group,
        message:
          hidden === null ? cleanReason(group.message, echoes.value.get(group.jobId), lens) : redactionMark(hidden),
      }));
      return ok({ ...found.value, groups: cleaned });
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

/** A text about a job without what is hidden of it; without `echoes` the job is not known, and then nothing is shown. */
function cleanReason(text: string, echoes: EchoFinder | null | undefined, lens: Lens): string {
  if (echoes === undefined) return redactionMark('its job is not known');
  return (echoes ?? NO_ECHOES).clean(lens.clean(text));
}

/** The ledger is kept as it stands on the server: what others wrote into it may quote a prompt that is not here to compare. */
function cleanEntryReason(
  { reason, actor }: { readonly reason: string; readonly actor: Pick<Actor, 'type'> },
  echoes: EchoFinder | null | undefined,
  lens: Lens,
): string {
  const isUnknown = echoes === null && actor.type !== 'user' && !isOwnReason(reason);
  return isUnknown ? redactionMark('its prompt is not kept') : cleanReason(reason, echoes, lens);
}

/** The reason of an entry where its job is not at hand to compare it with. */
export function reasonWithoutJob(
  entry: Parameters<typeof cleanEntryReason>[0] & { readonly jobId: string | null },
  lens: Lens,
): string {
  return cleanEntryReason(entry, lens.hidesInput && entry.jobId !== null ? null : NO_ECHOES, lens);
}

/** The row may be older than the words: what it shows of a failure is that of the row. */
function redactRow(row: JobRow, words: JobWords | undefined, lens: Lens): JobRow {
  if (words === undefined) return hiddenRow(row);
  const { input, failure } = redactJobDocument({ input: words.input, failure: words.failure }, lens).value;
  const { promptStart, failureMessage } = beginningsOf(input.prompt, failure?.message ?? null);
  return { ...row, promptStart, failureMessage: row.failureMessage === null ? null : failureMessage, hit: null };
}

function distinct(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)];
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
    ownersBeginning: (...args) => copy.ownersBeginning(...args),
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
