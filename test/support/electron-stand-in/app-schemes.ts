/** Below this the addresses of an application's own schemes are shown to Chromium; the name can never be looked up. */
const SUFFIX = 'electron-stand-in.invalid';

/** What Electron's `protocol.handle` is given. */
export type SchemeHandler = (request: Request) => Response | Promise<Response>;

interface CustomScheme {
  readonly scheme: string;
  readonly privileges?: { readonly standard?: boolean; readonly secure?: boolean; readonly stream?: boolean };
}

/**
 * The application's own schemes. Chromium gives a scheme that it does not know an opaque origin and never asks for it, so each
 * such address is shown to it as a secure origin of its own: `app://name/x` as `https://name.app.electron-stand-in.invalid/x`.
 * Main sees only its own addresses.
 */
export class AppSchemes {
  readonly #standard = new Set<string>();
  readonly #streaming = new Set<string>();
  readonly #handlers = new Map<string, SchemeHandler>();

  register(schemes: readonly CustomScheme[]): void {
    for (const { scheme, privileges } of schemes) {
      if (privileges?.standard === true && privileges.secure === true) this.#standard.add(scheme);
      if (privileges?.stream === true) this.#streaming.add(scheme);
    }
  }

  /** Whether a player may play from an address, as main knows it: Electron's players take no stream from other schemes. */
  mayStream(url: string): boolean {
    return URL.canParse(url) && this.#streaming.has(new URL(url).protocol.slice(0, -1));
  }

  handle(scheme: string, handler: SchemeHandler): void {
    this.#handlers.set(scheme, handler);
  }

  /** The address as Chromium is to load it. */
  toChromium(url: string): string {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    const scheme = parsed?.protocol.slice(0, -1) ?? '';
    if (parsed === null || !this.#standard.has(scheme)) return url;
    return `https://${parsed.host}.${scheme}.${SUFFIX}${parsed.pathname}${parsed.search}${parsed.hash}`;
  }

  /** The address as main knows it. */
  toMain(url: string): string {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    const [host, scheme] = parsed?.protocol === 'https:' ? splitHost(parsed.host) : [null, ''];
    if (parsed === null || host === null || !this.#standard.has(scheme)) return url;
    return `${scheme}://${host}${parsed.pathname}${parsed.search}${parsed.hash}`;
  }

  /** The handler for an address as main knows it, null where nothing serves it. */
  handlerOf(url: string): SchemeHandler | null {
    return URL.canParse(url) ? (this.#handlers.get(new URL(url).protocol.slice(0, -1)) ?? null) : null;
  }
}

function splitHost(host: string): readonly [string | null, string] {
  if (!host.endsWith(`.${SUFFIX}`)) return [null, ''];
  const parts = host.slice(0, -SUFFIX.length - 1).split('.');
  const scheme = parts.pop() ?? '';
  return [parts.join('.'), scheme];
}
