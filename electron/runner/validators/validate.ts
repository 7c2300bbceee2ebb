import type { JobKindName } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { validateData, validateDocument } from './json-document.ts';
import { validateImage } from './image.ts';
import type { SchemaChecks } from './schema-checks.ts';
import { validateVideo } from './video.ts';
import { validateWebsite } from './website.ts';

/** Looks at an artefact. Rejects only where the file cannot be read. */
export type Validate = (file: string, options: Readonly<Record<string, unknown>>) => Promise<Validation>;

/** The validator of each kind: the compiler refuses a kind without one. */
export function validatorsWith(schemas: SchemaChecks): Readonly<Record<JobKindName, Validate>> {
  return {
    website: validateWebsite,
    image: validateImage,
    video: validateVideo,
    document: (file, options) => validateDocument(file, options, schemas),
    data: (file, options) => validateData(file, options, schemas),
  };
}
