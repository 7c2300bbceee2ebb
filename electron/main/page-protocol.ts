import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { PAGE_SCHEME, pageFileOf } from './page-files.ts';

/** Makes the page's scheme a secure origin of its own. Must be called before the application is ready. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: PAGE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the bundle in `folder` under the page's origin and answers 404 to everything else. */
export function servePage(folder: string): void {
  protocol.handle(PAGE_SCHEME, async (request) => {
    const file = pageFileOf(request.url, folder);
    if (file === null || request.method !== 'GET') return new Response('Not found', { status: 404 });
    try {
      return new Response(await readFile(file.path), { headers: { ...file.headers } });
    } catch (cause) {
      if (isMissing(cause)) return new Response('Not found', { status: 404 });
      throw cause;
    }
  });
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EISDIR');
}
