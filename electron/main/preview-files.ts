import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { PreviewsAllowed } from '#engine/messages.ts';
import { ARTEFACT_NAME, PREVIEW_PATH } from '#contract/output-views.ts';

/**
 * What an artefact may do in the frame that shows it: nothing but be drawn. No script runs, nothing is asked for, and its origin is
 * nobody's, also where it is opened by itself.
 */
const PREVIEW_POLICY = [
  'sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

/** The file of an artefact that an address of the page's origin names; null for everything else. @param folder absolute */
export function previewFileOf(
  pathname: string,
  folder: string,
): { readonly path: string; readonly type: string } | null {
  const name = pathname.startsWith(PREVIEW_PATH) ? pathname.slice(PREVIEW_PATH.length) : '';
  const type = MIME_TYPES[path.extname(name)];
  return ARTEFACT_NAME.test(name) && type !== undefined ? { path: path.join(folder, name), type } : null;
}

/** True where an artefact of this type may be served: pages hold texts, which patterns may hide. */
export function isAllowed(type: string, allowed: PreviewsAllowed): boolean {
  return allowed === 'all' || (allowed === 'media' && !type.startsWith('text/'));
}

/** Answers with an artefact, or the part of it that a player asks for. */
export async function respondWithPreview(
  file: { readonly path: string; readonly type: string },
  range: string | null,
): Promise<Response> {
  const { size } = await stat(file.path);
  const headers = {
    'Content-Type': file.type,
    'Content-Security-Policy': PREVIEW_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Accept-Ranges': 'bytes',
  };
  const asked = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range ?? '');
  const start = Number(asked?.[1] ?? 0);
  const end = Math.min(size - 1, asked?.[2] === undefined || asked[2] === '' ? size - 1 : Number(asked[2]));
  if (asked !== null && (start > end || start >= size)) return new Response(null, { status: 416, headers });
  const stream = Readable.toWeb(createReadStream(file.path, size === 0 ? {} : { start, end }));
  const body = stream as ReadableStream<Uint8Array>;
  if (asked === null) return new Response(body, { headers: { ...headers, 'Content-Length': String(size) } });
  return new Response(body, {
    status: 206,
    headers: {
      ...headers,
      'Content-Length': String(end - start + 1),
      'Content-Range': `bytes ${start}-${end}/${size}`,
    },
  });
}
