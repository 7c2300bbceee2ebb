import { readFileSync } from 'node:fs';

/** The version of the program, from its package. */
export function readVersion(): string {
  return versionIn(new URL('../../package.json', import.meta.url));
}

/**
 * The version that a package's manifest names; throws where it names none. Looked at by hand: for this alone the start command would
 * load a schema library, which takes as long as the rest of it.
 */
export function versionIn(manifestFile: string | URL): string {
  const manifest: unknown = JSON.parse(readFileSync(manifestFile, 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : null;
  if (typeof version !== 'string') throw new Error(`${String(manifestFile)} names no version.`);
  return version;
}
