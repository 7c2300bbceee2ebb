import type { CopyReader } from '#cache/copy-reader.ts';
import { CASE_JOBS_MAX, type CaseChoice } from '#contract/requests/jobs.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/**
 * The ids of the jobs that a case pack is asked for: of a filter those that the copy finds now, because jobs may have come since
 * somebody saw how many there were. Errors: `too_many` where a pack cannot hold all of them, and those of the copy.
 * @param reader the copy as who asks may see it
 */
export async function idsOfChoice(
  reader: Pick<CopyReader, 'jobIds'>,
  chosen: CaseChoice,
): Promise<Result<readonly string[], AppError>> {
  if (chosen.type === 'ids') return ok(chosen.ids);
  const ids = await reader.jobIds(chosen.filter, CASE_JOBS_MAX + 1);
  if (!ids.ok || ids.value.length <= CASE_JOBS_MAX) return ids;
  return err(appError('too_many', `a case holds at most ${CASE_JOBS_MAX} jobs`));
}
