import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildCasePack } from '#console/case-pack/case-pack.ts';
import type { JobDetail } from '#contract/job-views.ts';
import { appError } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';
import { readJob } from './job-handlers.ts';

/** Case packs: jobs as one archive for somebody else. @param now the time, in milliseconds since 1970 */
export function caseHandlers(copy: ReadCopy, exportFolder: string, now: () => number): HandlersOf<'case'> {
  return {
    'case.export': async ({ jobIds }, { signal }) => {
      const reader = copy(signal);
      const details: JobDetail[] = [];
      for (const jobId of new Set(jobIds)) {
        const detail = await readJob(reader, jobId);
        if (detail.ok) details.push(detail.value);
        else if (detail.error.code !== 'not_found' && detail.error.code !== 'malformed_document') return detail;
      }
      if (details.length === 0) return err(appError('not_found', 'none of the jobs is in the copy'));
      const madeAt = new Date(now());
      const pack = buildCasePack(details, madeAt);
      const file = path.join(exportFolder, `case-${madeAt.toISOString().replaceAll(/[:.]/g, '-')}.zip`);
      try {
        await mkdir(exportFolder, { recursive: true });
        await writeFile(`${file}.new`, pack.bytes);
        await rename(`${file}.new`, file);
      } catch (cause) {
        const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
        return err(
          appError(code === 'ENOSPC' ? 'disk_full' : 'internal', `the pack could not be written: ${code}`, cause),
        );
      }
      return ok({ path: file, jobs: details.length, contentHash: pack.contentHash });
    },
  };
}
