import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { systemCodeOf } from '#domain/errors.ts';
import type { PreviewsAllowed } from '#engine/messages.ts';
import { isAllowed, previewFileOf, respondWithPreview } from './preview-files.ts';
import { PAGE_ORIGIN, PAGE_SCHEME, pageFileOf } from './page-files.ts';

/**
 * Makes the page's scheme a secure origin of its own, from which films may be played in parts, and whose compiled scripts are kept
 * for the next start. Must be called before the application is ready.
 */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: PAGE_SCHEME,
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ]);
}

/**
 * Serves the bundle in `folder` under the page's origin, artefacts below its preview path, and answers 404 to everything else.
 * @param allowed which artefacts the engine lets the person at the window see
 */
export function servePage(folder: string, artefactFolder: string, allowed: () => PreviewsAllowed): void {
  protocol.handle(PAGE_SCHEME, async (request) => {
    if (request.method !== 'GET') return new Response('Not found', { status: 404 });
    const preview = previewFileOf(pathnameOf(request.url), artefactFolder);
    const file = pageFileOf(request.url, folder);
    try {
      if (preview !== null && !isAllowed(preview.type, allowed())) return new Response('Not found', { status: 404 });
      if (preview !== null) return await respondWithPreview(preview, request.headers.get('range'));
      if (file === null) return new Response('Not found', { status: 404 });
      return new Response(await readFile(file.path), { headers: { ...file.headers } });
    } catch (cause) {
      if (isMissing(cause)) return new Response('Not found', { status: 404 });
      throw cause;
    }
  });
}

/** The path of an address of the page's origin; empty for every other. */
function pathnameOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed !== null && `${parsed.protocol}//${parsed.host}` === PAGE_ORIGIN ? parsed.pathname : '';
}

function isMissing(cause: unknown): boolean {
  const code = systemCodeOf(cause);
  return code === 'ENOENT' || code === 'EISDIR';
}
