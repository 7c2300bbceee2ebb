import type { AppError } from '#domain/errors.ts';
import { jobMappingSchema, type JobMapping } from '#domain/mapping/job-mapping.ts';
import { ok, type Result } from '#domain/result.ts';
import { readJsonFile } from './json-file.ts';

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
  return readJsonFile(file, jobMappingSchema);
}
