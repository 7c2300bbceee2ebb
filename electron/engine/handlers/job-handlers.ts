import type { CopyReader } from '#cache/copy-reader.ts';
import { readStandstill } from '#console/standstill.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { describeStandstill } from '#domain/job-standstill.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { toDocumentJson, toJobDetail } from '../job-views.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';

/**
 * Lists and single jobs: answered from the offline copy, whether or not there is a server. Only why a job is not moving is asked of
 * the server, because leases and runners change faster than any copy.
 */
export function jobHandlers(
  copy: ReadCopy,
  store: () => Pick<Store, 'reader'> | null,
): HandlersOf<'jobs' | 'job' | 'malformed'> {
  return {
    'jobs.page': async (params, { signal }) => {
      const page = await copy(signal).jobsPage(params);
      if (!page.ok) return page;
      return ok({ rows: [...page.value.rows], nextCursor: page.value.nextCursor });
    },
    'jobs.count': ({ filter }, { signal }) => copy(signal).countJobs(filter),
    'job.get': ({ jobId }, { signal }) => readJob(copy(signal), jobId),
    'job.why': async ({ jobId }) => {
      const open = store();
      if (open === null) return err(appError('server_unreachable', 'not connected yet'));
      const standstill = await readStandstill(open.reader, jobId);
      if (!standstill.ok) return standstill;
      return ok({ cause: standstill.value.cause, explanation: describeStandstill(standstill.value) });
    },
    'malformed.page': async ({ cursor, limit }, { signal }) => {
      const page = await copy(signal).malformedPage(cursor, limit);
      if (!page.ok) return page;
      const rows = page.value.rows.map((record) => ({
        id: record.id,
        problems: record.problems.map((problem) => ({ ...problem })),
        seenAtMs: record.seenAtMs,
        documentJson: toDocumentJson(record.document),
      }));
      return ok({ rows, nextCursor: page.value.nextCursor });
    },
  };
}

/** Everything about one job, from the copy. Errors: `not_found`, `malformed_document`. */
export async function readJob(
  reader: CopyReader,
  jobId: string,
): Promise<Result<ReturnType<typeof toJobDetail>, AppError>> {
  const found = await reader.job(jobId);
  if (!found.ok) return found;
  if (found.value === null) return err(appError('not_found', jobId));
  if (found.value.type === 'malformed') {
    const [problem] = found.value.malformed.problems;
    return err(appError('malformed_document', `${problem?.path ?? ''}: ${problem?.reason ?? ''}`));
  }
  const { job, document } = found.value;
  const ledger = await reader.entriesOfJob(jobId);
  if (!ledger.ok) return ledger;
  const account = await reader.account(job.workspaceId);
  if (!account.ok) return account;
  return ok(toJobDetail({ job, document, ledger: ledger.value, account: account.value }));
}
