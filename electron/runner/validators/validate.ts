import type { JobKindName } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { validateData, validateDocument } from './json-document.ts';
import { validateImage } from './image.ts';
import type { CheckThreads } from './check-threads.ts';

/** Looks at an artefact. Rejects only where the file cannot be read. */
export type Validate = (file: string, options: Readonly<Record<string, unknown>>) => Promise<Validation>;

/** The validator of each kind: the compiler refuses a kind without one. */
export function validatorsWith(checks: CheckThreads): Readonly<Record<JobKindName, Validate>> {
  return {
    website: (file, options) => checks.website(file, options),
    image: validateImage,
    video: (file, options) => checks.video(file, options),
    document: (file, options) => validateDocument(file, options, checks),
    data: (file, options) => validateData(file, options, checks),
  };
}
