import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { SeededRandom } from '../support/model-random.ts';

/** A provider that sells each key once and remembers who received what. */
export interface SellingProvider {
  readonly baseUrl: string;
  /** From now on every call is answered as it should be. */
  relent(): void;
  /** Results that were made, each under a key of its own. */
  sold(): number;
  /** Purchases that were made although one of the same generation had been made and never been received. */
  boughtTwice(): readonly string[];
  stop(): Promise<void>;
}

interface Sale {
  readonly id: string;
  readonly key: string;
  isReceived: boolean;
}

const PAGE =
  '<!doctype html><html lang="en"><head><title>Tea</title></head><body><main><h1>Tea</h1><p>Open at five.</p></main></body></html>';
const orderSchema = z.object({ key: z.string().min(1) });

/**
 * Starts a provider on loopback: `POST /orders {key}` accepts and answers with an id, `GET /orders/ID` answers with a page.
 * It loses replies after it has accepted, is slow, over-asked or out of order, as its seed says.
 */
export async function startSellingProvider(random: SeededRandom): Promise<SellingProvider> {
  const byKey = new Map<string, Sale>();
  const byId = new Map<string, Sale>();
  const boughtTwice: string[] = [];
  let isKind = false;
  const sell = (key: string): Sale => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const generation = key.slice(0, key.lastIndexOf(':'));
    const isUnreceived = [...byKey.values()].some((one) => one.key.startsWith(`${generation}:`) && !one.isReceived);
    if (isUnreceived) boughtTwice.push(key);
    const sale = { id: `order-${byKey.size + 1}`, key, isReceived: false };
    byKey.set(key, sale);
    byId.set(sale.id, sale);
    return sale;
  };
  const order = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = isKind ? 1 : random.next();
    if (fault < 0.05) return answer(response, 503, 'out of order');
    if (fault < 0.1) return answer(response, 429, 'slow down');
    const parsed = orderSchema.safeParse(JSON.parse(await bodyOf(request)));
    if (!parsed.success) return answer(response, 400, 'no key');
    const sale = sell(parsed.data.key);
    // Accepted and paid for; nobody hears of it.
    if (fault < 0.25) response.destroy();
    else answer(response, 202, sale.id);
  };
  const deliver = (id: string, response: ServerResponse): void => {
    const sale = byId.get(id);
    if (sale === undefined) return answer(response, 404, 'no such order');
    const fault = isKind ? 1 : random.next();
    setTimeout(
      () => {
        if (fault < 0.1) {
          response.destroy();
          return;
        }
        sale.isReceived ||= !response.destroyed;
        answer(response, 200, PAGE);
      },
      isKind ? 0 : random.between(0, 400),
    );
  };
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      order(request, response).catch(() => response.destroy());
    } else deliver(request.url?.split('/').at(-1) ?? '', response);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    relent: () => {
      isKind = true;
    },
    sold: () => byKey.size,
    boughtTwice: () => boughtTwice,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}
