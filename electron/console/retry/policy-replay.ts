import { appError, type AppError } from '#domain/errors.ts';
import { PolicyReplay, REPLAYED_JOBS_MAX, type Replay } from '#domain/policy-replay.ts';
import { problemsOf, type PolicyDraft } from '#domain/policy-version.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { BulkReads } from '#store/bulk-reads.ts';

/**
 * Replays a draft over the jobs on the server that have a failure and were created since a time, the newest ones first: for the command
 * line, which has no offline copy. Errors, besides the store's: `invalid_request` for a draft that contradicts itself, `cancelled`.
 * @returns what was counted; `isCut` where there were more jobs than are replayed
 */
export async function replayOnServer(
  bulk: BulkReads,
  draft: PolicyDraft,
  { since, signal }: { readonly since: Date; readonly signal: AbortSignal },
): Promise<Result<Replay & { readonly isCut: boolean }, AppError>> {
  const [problem] = problemsOf(draft);
  if (problem !== undefined) return err(appError('invalid_request', problem));
  const replay = new PolicyReplay(draft);
  let read = 0;
  const done = await bulk.eachWithFailure(since, (document) => {
    if (signal.aborted) return 'enough';
    read += 1;
    if (read > REPLAYED_JOBS_MAX) return 'enough';
    if (document.type === 'job') replay.add(document.job);
    return 'more';
  });
  if (!done.ok) return done;
  if (signal.aborted) return err(appError('cancelled'));
  return ok({ ...replay.result(), isCut: read > REPLAYED_JOBS_MAX });
}
