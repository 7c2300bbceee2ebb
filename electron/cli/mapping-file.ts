import { readFileSync } from 'node:fs';
import { appError, type AppError } from '#domain/errors.ts';
import { jobMappingSchema, type JobMapping } from '#domain/mapping/job-mapping.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** What the option is called and says; the variable of the environment is `RUNLEDGER_MAPPING`. */
export const MAPPING_OPTION = {
  flags: '--mapping <file>',
  says: 'how the documents there stand for jobs: a file with the mapping of a connection',
  variable: 'RUNLEDGER_MAPPING',
} as const;

/**
 * The mapping in a file, as `connections.json` keeps that of a connection; null where no file is named. Error: `invalid_request`
 * where it cannot be read or is none.
 */
export function readMappingFile(file: string | undefined): Result<JobMapping | null, AppError> {
  if (file === undefined || file === '') return ok(null);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    return err(appError('invalid_request', `${file} cannot be read as JSON`, cause));
  }
  const parsed = jobMappingSchema.safeParse(content);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return err(appError('invalid_request', `${file}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`));
}
