import { createHash } from 'node:crypto';
import path from 'node:path';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';

/** Where what belongs to one deployment and database stands; that of another stays apart. `source` is its label, no secret. */
export interface DataFiles {
  /** The file of the offline copy. */
  readonly copyFile: string;
  /** The folder of reconciliation's runs. */
  readonly runFolder: string;
  /** The file of what is the person's own, one for all. */
  readonly ownFile: string;
  /** This console's chain of the audit. */
  readonly auditFile: string;
  /** Who sat here last. */
  readonly personFile: string;
  /** The redaction rules as the server said them last. */
  readonly redactionFile: string;
  /** The folder of exports, one for all. */
  readonly exportFolder: string;
}

/**
 * The files of a source in the application's data folder.
 * @param mapping how the documents there are read: what was copied by another mapping is another copy
 */
export function dataFilesOf(dataDir: string, source: string, mapping: JobMapping | null = null): DataFiles {
  const name = nameOf(source);
  const copyName = mapping === null ? name : nameOf(`${source}\n${JSON.stringify(mapping)}`);
  return {
    copyFile: path.join(dataDir, 'copies', `${copyName}.sqlite`),
    runFolder: path.join(dataDir, 'reconciliation', copyName),
    ownFile: path.join(dataDir, 'own.sqlite'),
    auditFile: path.join(dataDir, 'audit', `${name}.sqlite`),
    personFile: path.join(dataDir, 'people', `${name}.json`),
    redactionFile: path.join(dataDir, 'redaction', `${name}.json`),
    exportFolder: exportFolderOf(dataDir),
  };
}

/** The folder of exports in the application's data folder, whatever deployment they are of. */
export function exportFolderOf(dataDir: string): string {
  return path.join(dataDir, 'exports');
}

function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
