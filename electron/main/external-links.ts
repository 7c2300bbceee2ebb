/** Where a window may lead in the system's browser: documentation that the doctor names, and nothing that a document could name. */
const ALLOWED: readonly { readonly host: string; readonly path: string }[] = [
  { host: 'www.mongodb.com', path: '/docs/' },
];
/** At least so long between two links, in milliseconds: a page in somebody else's hands opens no flood of them. */
const BETWEEN_MS_MIN = 1000;

/**
 * The address that may be handed to the system's browser; null for everything that is not on the list. What is handed on was written by
 * this function: neither a user, a port, a query nor a fragment of the page's gets outside.
 */
export function externalLinkOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, host, username, password, pathname } = new URL(url);
  if (protocol !== 'https:' || username !== '' || password !== '') return null;
  const isAllowed = ALLOWED.some((one) => one.host === host && pathname.startsWith(one.path));
  return isAllowed && /^[\w./-]+$/.test(pathname) ? `https://${host}${pathname}` : null;
}

/** Opens links of a window outside of it. */
export class ExternalLinks {
  readonly #open: (link: string) => void;
  readonly #monotonicMs: () => number;
  #lastMs: number | null = null;

  /** @param open hands an address to the system's browser */
  constructor(open: (link: string) => void, monotonicMs: () => number) {
    this.#open = open;
    this.#monotonicMs = monotonicMs;
  }

  /** Opens an address that is on the list. @returns false where nothing was opened */
  follow(url: string): boolean {
    const link = externalLinkOf(url);
    const nowMs = this.#monotonicMs();
    if (link === null || (this.#lastMs !== null && nowMs - this.#lastMs < BETWEEN_MS_MIN)) return false;
    this.#lastMs = nowMs;
    this.#open(link);
    return true;
  }
}
