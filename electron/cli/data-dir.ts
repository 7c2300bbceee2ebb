import { homedir } from 'node:os';
import path from 'node:path';

/**
 * The application's data folder: what was named, else what the environment says, else where Electron keeps the data of an application by
 * this name. A variable that is set to nothing says nothing, as to the application itself.
 */
export function dataDirOf(named: string | null): string {
  const said = process.env['RUNLEDGER_DATA_DIR'] ?? '';
  return path.resolve(named ?? (said === '' ? systemDataDir() : said));
}

function systemDataDir(): string {
  const name = 'Runledger';
  if (process.platform === 'darwin') return path.join(homedir(), 'Library', 'Application Support', name);
  if (process.platform === 'win32') return path.join(process.env['APPDATA'] ?? homedir(), name);
  return path.join(process.env['XDG_CONFIG_HOME'] ?? path.join(homedir(), '.config'), name);
}
