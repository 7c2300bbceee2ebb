import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildCasePack } from '#console/case-pack/case-pack.ts';
import { jobDetailSchema, type JobDetail } from '#contract/job-views.ts';
import { appError, writingError, type AppError } from '#domain/errors.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { cleanTexts } from '../redaction/clean-reply.ts';
import { idsOfChoice } from './case-choice.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';
import { readJob } from './job-handlers.ts';

/** What case packs are made from and with. */
export interface CaseParts {
  /** The copy as who sits here may see it. */
  readonly copy: ReadCopy;
  readonly exportFolder: string;
  /** What hides texts from who sits here; null where nothing does. */
  readonly lens: () => Lens | null;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Case packs: jobs as one archive for somebody else. */
export function caseHandlers({ copy, exportFolder, lens, now }: CaseParts): HandlersOf<'case'> {
  return {
    'case.export': async ({ chosen }, { signal }) => {
      const reader = copy(signal);
      const jobIds = await idsOfChoice(reader, chosen);
      if (!jobIds.ok) return jobIds;
      const details: JobDetail[] = [];
      for (const jobId of new Set(jobIds.value)) {
        const detail = await readJob(reader, jobId);
        if (detail.ok) {
          const seen = seenDetail(detail.value, lens());
          if (!seen.ok) return seen;
          details.push(seen.value);
        } else if (detail.error.code !== 'not_found' && detail.error.code !== 'malformed_document') return detail;
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
        return err(writingError('the pack could not be written', cause));
      }
      return ok({ path: file, jobs: details.length, contentHash: pack.contentHash });
    },
  };
}

/** A job as an answer to a window would say it: what leaves by a file does not pass where answers are looked at. */
function seenDetail(detail: JobDetail, lens: Lens | null): Result<JobDetail, AppError> {
  if (lens === null) return ok(detail);
  const seen = safeParse(jobDetailSchema, cleanTexts(detail, lens));
  return seen.success ? ok(seen.data) : err(appError('invalid_request', 'a redaction rule hides words of the console'));
}
