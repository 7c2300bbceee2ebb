import type { CachedDocument } from '#cache/changes.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import { readStandstill } from '#console/standstill.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { describeStandstill } from '#domain/job-standstill.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ReadableStore } from '#store/ports.ts';
import type { Store } from '#store/connection.ts';
import { redactFound } from '../redaction/redacted-copy.ts';
import { toDocumentJson, toJobDetail } from '../job-views.ts';
import { whereOpen, type HandlersOf, type ReadCopy } from './handler.ts';

/**
 * Lists and single jobs: answered from the offline copy, whether or not there is a server. Only why a job is not moving is asked of
 * the server, because leases and runners change faster than any copy.
 */
export function jobHandlers(
  copy: ReadCopy,
  store: () => Pick<Store, 'reader'> | null,
  lens: () => Lens | null,
): HandlersOf<'jobs' | 'job' | 'malformed'> {
  return {
    'jobs.page': async (params, { signal }) => {
      const page = await copy(signal).jobsPage(params);
      if (!page.ok) return page;
      return ok({ rows: [...page.value.rows], nextCursor: page.value.nextCursor });
    },
    'jobs.seek': async ({ filter, sort, rank }, { signal }) => {
      const place = await copy(signal).seekJobs(filter, sort, rank);
      return place.ok ? ok({ place: place.value }) : place;
    },
    'jobs.count': ({ filter }, { signal }) => copy(signal).countJobs(filter),
    'job.get': ({ jobId }, { signal }) =>
      readJob(copy(signal), jobId, { server: store()?.reader ?? null, lens: lens() }),
    'job.why': ({ jobId }) =>
      whereOpen(store(), async ({ reader }) => {
        const standstill = await readStandstill(reader, jobId);
        if (!standstill.ok) return standstill;
        return ok({ cause: standstill.value.cause, explanation: describeStandstill(standstill.value) });
      }),
    'malformed.page': async ({ cursor, limit }, { signal }) => {
      const page = await copy(signal).malformedPage(cursor, limit);
      if (!page.ok) return page;
      const rows = page.value.rows.map((record) => ({
        part: record.part,
        id: record.id,
        problems: record.problems.map((problem) => ({ ...problem })),
        seenAtMs: record.seenAtMs,
        documentJson: toDocumentJson(record.document),
      }));
      return ok({ rows, nextCursor: page.value.nextCursor });
    },
  };
}

/** Where a job is read that the copy leaves out, and through what it is seen; `reader` is seen through it already. */
interface JobBeyondCopy {
  readonly server: Pick<ReadableStore, 'readJob'> | null;
  readonly lens: Lens | null;
}

/**
 * Everything about one job, from the copy; from the server, if there is one, where the copy keeps a window that leaves it out.
 * Errors: `not_found`, `malformed_document`.
 */
export async function readJob(
  reader: CopyReader,
  jobId: string,
  { server, lens }: JobBeyondCopy = { server: null, lens: null },
): Promise<Result<ReturnType<typeof toJobDetail>, AppError>> {
  const standing = await reader.standing();
  if (!standing.ok) return standing;
  const { scope } = standing.value;
  const found = await reader.job(jobId);
  if (!found.ok) return found;
  if (found.value === null && scope.keptSinceMs !== null && server !== null) {
    // It may only be outside of the window that the copy keeps; its ledger is here all the same.
    const read = await server.readJob(jobId);
    if (!read.ok) return read;
    const seen = read.value === null || lens === null ? read.value : redactFound(read.value, lens);
    return detailOf(reader, jobId, { found: seen, isPromptKept: true });
  }
  // Who sees no prompt is shown that it is hidden, wherever it is kept.
  const isPromptKept = scope.keepsPrompts || (lens !== null && lens.hiddenAt(['input', 'prompt']) !== null);
  return detailOf(reader, jobId, { found: found.value, isPromptKept });
}

async function detailOf(
  reader: CopyReader,
  jobId: string,
  { found, isPromptKept }: { readonly found: CachedDocument | null; readonly isPromptKept: boolean },
): Promise<Result<ReturnType<typeof toJobDetail>, AppError>> {
  if (found === null) return err(appError('not_found', jobId));
  if (found.type === 'malformed') {
    const [problem] = found.malformed.problems;
    return err(appError('malformed_document', `${problem?.path ?? ''}: ${problem?.reason ?? ''}`));
  }
  const { job, document } = found;
  const ledger = await reader.entriesOfJob(jobId);
  if (!ledger.ok) return ledger;
  const account = await reader.account(job.workspaceId);
  if (!account.ok) return account;
  const followers = await reader.followersOf({ id: job._id, userId: job.userId, createdMs: job.createdAt.getTime() });
  if (!followers.ok) return followers;
  const observed = await reader.observedOf(jobId);
  if (!observed.ok) return observed;
  return ok(
    toJobDetail({
      job,
      document,
      ledger: ledger.value,
      account: account.value,
      observed: observed.value,
      followers: followers.value,
      isPromptKept,
    }),
  );
}
