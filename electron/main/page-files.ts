import path from 'node:path';

/** The scheme and host under which the bundled page is served; nothing else is ever loaded. */
export const PAGE_SCHEME = 'app';
export const PAGE_ORIGIN = 'app://runledger';
export const PAGE_URL = `${PAGE_ORIGIN}/index.html`;

/** What the page may load and do: its own files, and nothing written inline. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  // Artefacts alone, which main serves locked down; see preview-files.ts.
  "frame-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
};

/** A file of the bundle, and how to send it. */
export interface PageFile {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The file of the bundle that a URL of the page's origin names; null for whatever is not below `folder`, has no known type,
 * or is of another origin.
 * @param folder absolute
 */
export function pageFileOf(url: string, folder: string): PageFile | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || `${parsed.protocol}//${parsed.host}` !== PAGE_ORIGIN) return null;
  const name = decodePath(parsed.pathname);
  if (name === null || name.includes('\0') || name.includes('\\')) return null;
  const file = path.join(folder, name === '/' ? 'index.html' : name);
  const relative = path.relative(folder, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return null;
  const type = MIME_TYPES[path.extname(file).toLowerCase()];
  if (type === undefined) return null;
  return {
    path: file,
    headers: {
      'Content-Type': type,
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    },
  };
}

function decodePath(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch (cause) {
    if (cause instanceof URIError) return null;
    throw cause;
  }
}
