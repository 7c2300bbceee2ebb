import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { Validation } from '#domain/job.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A file that goes with the test. @returns its path */
export function artefactFile(content: string | Uint8Array): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-artefact-'));
  folders.push(folder);
  const file = path.join(folder, 'artefact');
  writeFileSync(file, content);
  return file;
}

/** The names of the checks that failed and should not have. */
export function failedChecks(validation: Validation): readonly string[] {
  return validation.checks.filter(({ passed, severity }) => !passed && severity === 'error').map(({ name }) => name);
}
