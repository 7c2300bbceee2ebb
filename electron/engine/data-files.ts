import { createHash } from 'node:crypto';
import path from 'node:path';

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
  /** The folder of exports, one for all. */
  readonly exportFolder: string;
}

/** The files of a source in the application's data folder. */
export function dataFilesOf(dataDir: string, source: string): DataFiles {
  const name = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return {
    copyFile: path.join(dataDir, 'copies', `${name}.sqlite`),
    runFolder: path.join(dataDir, 'reconciliation', name),
    ownFile: path.join(dataDir, 'own.sqlite'),
    auditFile: path.join(dataDir, 'audit', `${name}.sqlite`),
    personFile: path.join(dataDir, 'people', `${name}.json`),
    exportFolder: path.join(dataDir, 'exports'),
  };
}
