import { z } from 'zod';
import type { AppSchemes } from './app-schemes.ts';
import type { CdpConnection } from './cdp-connection.ts';
import { say } from './refusing.ts';

/** What Chromium says of a request before it is made. */
const pausedSchema = z.object({
  requestId: z.string(),
  frameId: z.string(),
  resourceType: z.string(),
  request: z.object({
    url: z.string(),
    urlFragment: z.string().optional(),
    method: z.string(),
    headers: z.record(z.string(), z.string()),
  }),
});

/** What the requests of a page are answered with. */
export interface PageRequestsOptions {
  readonly cdp: CdpConnection;
  readonly sessionId: string;
  readonly mainFrame: string;
  readonly schemes: AppSchemes;
  /** Whether the page may go to an address, as main knows it. Asked for every navigation of its main frame. */
  readonly mayNavigate: (url: string) => boolean;
}

/**
 * Answers every request of a page from the application's own schemes, and lets none reach a network: main decides on
 * navigations, and what no handler serves is refused and said.
 */
export class PageRequests {
  readonly #options: PageRequestsOptions;

  constructor(options: PageRequestsOptions) {
    this.#options = options;
  }

  /** For the event `Fetch.requestPaused`. */
  async answer(params: unknown): Promise<void> {
    const { requestId, frameId, resourceType, request } = pausedSchema.parse(params);
    const { cdp, sessionId, mainFrame, schemes, mayNavigate } = this.#options;
    const url = schemes.toMain(request.url);
    const isNavigation = resourceType === 'Document' && frameId === mainFrame;
    if (isNavigation && !mayNavigate(`${url}${request.urlFragment ?? ''}`)) {
      // Aborted leaves the page as it is, with no page of Chromium's own in its place.
      cdp.tell('Fetch.failRequest', { requestId, errorReason: 'Aborted' }, sessionId);
      return;
    }
    const handler = schemes.handlerOf(url);
    if (handler === null) {
      say(`the page asked for ${url.slice(0, 200)}, which no handler of main serves; refused.`);
      cdp.tell('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }, sessionId);
      return;
    }
    if (resourceType === 'Media' && !schemes.mayStream(url)) {
      say(`a player asked for ${url.slice(0, 200)}, whose scheme is not registered with \`stream\`; refused.`);
      cdp.tell('Fetch.failRequest', { requestId, errorReason: 'Failed' }, sessionId);
      return;
    }
    const response = await handler(new Request(url, { method: request.method, headers: request.headers }));
    const body = Buffer.from(await response.arrayBuffer()).toString('base64');
    const responseHeaders = [...response.headers].map(([name, value]) => ({ name, value }));
    cdp.tell('Fetch.fulfillRequest', { requestId, responseCode: response.status, responseHeaders, body }, sessionId);
  }
}
