import { chmodSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** What may be done with a new file by others than its owner, as a mask of what is taken away: nothing. */
export const PRIVATE_UMASK = 0o077;

/** What the application makes in its data folder, and holds prompts, outputs or figures of customers. */
const FOLDERS: ReadonlySet<string> = new Set([
  'artefacts',
  'audit',
  'copies',
  'exports',
  'logs',
  'people',
  'reconciliation',
  'redaction',
  'sandbox',
]);
const OWN_FILE = /^own\.sqlite/;

/**
 * Takes from the other users of this machine what stands in the data folder since before it was made private: our folders by their
 * names, since the data folder itself may be one that somebody shares. On Windows a profile's folders are private by themselves.
 * @param log told of what could not be closed, which is no reason not to start
 */
export function closeToOthers(dataDir: string, log: (line: string, cause?: unknown) => void): void {
  if (process.platform === 'win32') return;
  for (const entry of entriesOf(dataDir)) {
    const isOurs = entry.isDirectory() ? FOLDERS.has(entry.name) : entry.isFile() && OWN_FILE.test(entry.name);
    if (!isOurs) continue;
    const file = path.join(dataDir, entry.name);
    try {
      const { mode } = statSync(file);
      if ((mode & PRIVATE_UMASK) !== 0) chmodSync(file, mode & 0o700);
    } catch (cause) {
      log(`${entry.name} of the data folder may be read by other users of this machine`, cause);
    }
  }
}

function entriesOf(dataDir: string) {
  try {
    return readdirSync(dataDir, { withFileTypes: true });
  } catch {
    // Not there yet: what is made in it from now on is private.
    return [];
  }
}
