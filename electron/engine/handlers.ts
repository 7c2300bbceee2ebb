import type { CacheReader } from '#cache/reader.ts';
import type { DeskHost } from '#console/reconciliation/desk-host.ts';
import type { EngineStatus, RunnerStatus } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { JobDesk } from '#console/retry/job-desk.ts';
import { toDocumentJson, toJobDetail } from './job-views.ts';
import { toRetryPreviewView } from './retry-views.ts';
import type { Handlers } from './window-session.ts';

/** What the answers are made from. */
export interface HandlerParts {
  readonly reader: CacheReader;
  readonly status: () => EngineStatus;
  /** Where jobs are retried and cancelled; null while there has been no server. */
  readonly desk: () => JobDesk | null;
  /** Error: `not_found` where this engine has no runner. */
  readonly controlRunner: (action: 'pause' | 'resume') => Result<RunnerStatus, AppError>;
  readonly reconciliation: Pick<DeskHost, 'state' | 'run' | 'cancel' | 'findings' | 'finding' | 'export'>;
}

/**
 * The answers to every request of the contract. What only reads comes from the offline copy and is there whether or not the
 * server is; what a retry or a cancellation rests on is asked of the server. A run of
 * reconciliation needs it too, to confirm what the copy says.
 */
export function createHandlers(parts: HandlerParts): Handlers {
  const { reader, reconciliation } = parts;
  return {
    'status.get': () => ok(parts.status()),
    'jobs.page': (params) => {
      const page = reader.jobsPage(params);
      if (!page.ok) return page;
      return ok({ rows: [...page.value.rows], nextCursor: page.value.nextCursor });
    },
    'jobs.count': ({ filter }) => reader.countJobs(filter),
    'job.get': ({ jobId }) => readJob(reader, jobId),
    'malformed.page': ({ cursor, limit }) => {
      const page = reader.malformedPage(cursor, limit);
      if (!page.ok) return page;
      const rows = page.value.rows.map((record) => ({
        id: record.id,
        problems: record.problems.map((problem) => ({ ...problem })),
        seenAtMs: record.seenAtMs,
        documentJson: toDocumentJson(record.document),
      }));
      return ok({ rows, nextCursor: page.value.nextCursor });
    },
    'runner.control': ({ action }) => parts.controlRunner(action),
    'reconciliation.get': async () => ok(await reconciliation.state()),
    'reconciliation.run': async ({ scope }) => {
      const { connection } = parts.status();
      // What the copy says must be confirmed before anything is said.
      if (connection.state !== 'connected') return err(appError('server_unreachable', 'findings cannot be confirmed'));
      return ok(await reconciliation.run(scope));
    },
    'reconciliation.cancel': () => ok(reconciliation.cancel()),
    'reconciliation.findings': (params) => reconciliation.findings(params),
    'reconciliation.finding': (params) => reconciliation.finding(params),
    'reconciliation.export': (params) => reconciliation.export(params),
    ...deskHandlers(parts),
  };
}

function deskHandlers({
  desk,
}: HandlerParts): Pick<Handlers, 'retry.preview' | 'retry.run' | 'cancel.preview' | 'cancel.run'> {
  const withDesk = async <Value>(
    work: (open: JobDesk) => Promise<Result<Value, AppError>>,
  ): Promise<Result<Value, AppError>> => {
    const open = desk();
    return open === null ? err(appError('server_unreachable', 'not connected yet')) : work(open);
  };
  return {
    'retry.preview': (wish) =>
      withDesk(async (open) => {
        const preview = await open.previewRetry(wish);
        return preview.ok ? ok(toRetryPreviewView(preview.value)) : preview;
      }),
    'retry.run': (order) =>
      withDesk(async (open) => {
        const jobId = await open.retry(order);
        return jobId.ok ? ok({ jobId: jobId.value }) : jobId;
      }),
    'cancel.preview': ({ jobId }) => withDesk((open) => open.previewCancel(jobId)),
    'cancel.run': ({ jobId, reason }) => withDesk((open) => open.cancel(jobId, reason)),
  };
}

/** The answers of an engine that could not start: its status says why, and so does everything else. */
export function createFailedHandlers(error: AppError, status: () => EngineStatus): Handlers {
  const refuse = (): Result<never, AppError> => err(error);
  return {
    'status.get': () => ok(status()),
    'jobs.page': refuse,
    'jobs.count': refuse,
    'job.get': refuse,
    'malformed.page': refuse,
    'runner.control': refuse,
    'retry.preview': refuse,
    'retry.run': refuse,
    'cancel.preview': refuse,
    'cancel.run': refuse,
    'reconciliation.get': refuse,
    'reconciliation.run': refuse,
    'reconciliation.cancel': refuse,
    'reconciliation.findings': refuse,
    'reconciliation.finding': refuse,
    'reconciliation.export': refuse,
  };
}

function readJob(reader: CacheReader, jobId: string): Result<ReturnType<typeof toJobDetail>, AppError> {
  const found = reader.job(jobId);
  if (!found.ok) return found;
  if (found.value === null) return err(appError('not_found', jobId));
  if (found.value.type === 'malformed') {
    const [problem] = found.value.malformed.problems;
    return err(appError('malformed_document', `${problem?.path ?? ''}: ${problem?.reason ?? ''}`));
  }
  const { job, document } = found.value;
  const ledger = reader.entriesOfJob(jobId);
  if (!ledger.ok) return ledger;
  const account = reader.account(job.workspaceId);
  if (!account.ok) return account;
  return ok(toJobDetail({ job, document, ledger: ledger.value, account: account.value }));
}
