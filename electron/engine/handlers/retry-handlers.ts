import type { JobDesk } from '#console/retry/job-desk.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { toRetryPreviewView } from '../retry-views.ts';
import { whereOpen, type HandlersOf } from './handler.ts';

/**
 * Retrying and cancelling: what they rest on is asked of the server.
 * @param desk Where jobs are retried and cancelled; null while there has been no server.
 */
export function retryHandlers(desk: () => JobDesk | null): HandlersOf<'retry' | 'cancel'> {
  const withDesk = <Value>(
    work: (open: JobDesk) => Promise<Result<Value, AppError>>,
  ): Promise<Result<Value, AppError>> => whereOpen(desk(), work);
  return {
    'retry.preview': (wish) =>
      withDesk(async (open) => {
        const preview = await open.previewRetry(wish);
        return preview.ok ? ok(toRetryPreviewView(preview.value)) : preview;
      }),
    'retry.run': (order, { actor }) =>
      withDesk(async (open) => {
        const jobId = await open.retry({ ...order, by: actor });
        return jobId.ok ? ok({ jobId: jobId.value }) : jobId;
      }),
    'cancel.preview': ({ jobId }) => withDesk((open) => open.previewCancel(jobId)),
    'cancel.run': ({ jobId, ...wish }, { actor }) => withDesk((open) => open.cancel(jobId, { ...wish, by: actor })),
  };
}
