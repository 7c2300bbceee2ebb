import { fileURLToPath } from 'node:url';
import { buildIfStale } from '#cli/bundle.ts';
import { findOrFetchChromium, NO_CHROMIUM } from '#cli/chromium.ts';

/** Builds and fetches before the first spec, so that no spec's time goes into it. */
// oxlint-disable-next-line import/no-default-export -- Playwright calls a file's default export
export default async function prepare(): Promise<void> {
  const say = (line: string): void => console.error(line);
  if (!buildIfStale(fileURLToPath(new URL('../..', import.meta.url)), say)) throw new Error('The build failed.');
  if ((await findOrFetchChromium({ env: process.env, say })) === null) throw new Error(NO_CHROMIUM);
}
