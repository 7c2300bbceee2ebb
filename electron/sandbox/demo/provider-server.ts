import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';
import { listenOnLoopback, LOOPBACK } from '../loopback.ts';
import { picture, PICTURE_SIDE_MAX, webPage } from './artefacts.ts';
import { behaviourOf, DEMO_MODELS, retryAfterSecondsOf, shareOf, type Behaviour } from './behaviours.ts';
import { chatRequestSchema, completionOf, pageOrderOf, parseJson, streamCompletion, type ChatRequest } from './chat.ts';
import { SoldResults } from './sold-results.ts';

/** How to run a demo provider. */
export interface DemoProviderOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Another seed lets other calls of the flaky models fail; 0 unless told. */
  readonly seed?: number;
  /** How long the slow model takes on average, in milliseconds; 2400 unless told. */
  readonly slowMs?: number;
  /** One line for each call: route, model and status, never a prompt or a key. */
  readonly log?: (line: string) => void;
}

/** How many calls a demo provider has answered since its start. */
export interface ProviderCalls {
  /** Results that were made, each charged once. */
  readonly generated: number;
  /** Calls answered with a result that was made before for the same key, and not charged again. */
  readonly replayed: number;
  /** Calls that were answered with an error, or not at all. */
  readonly refused: number;
}

/** A running demo provider. */
export interface DemoProvider {
  /** For an OpenAI client. */
  readonly baseUrl: string;
  readonly port: number;
  /** Made anew at each start; calls without it are refused. */
  readonly apiKey: string;
  calls(): ProviderCalls;
  /** Cuts off whatever is under way. Idempotent. */
  stop(): Promise<void>;
}

const BODY_BYTES_MAX = 1_000_000;
const REMEMBERED_CHARACTERS_MAX = 64 * 1024 * 1024;
/** Calls without an idempotency key are told apart by how often they came; that many are counted. */
const COUNTED_MAX = 10_000;
const SLOW_MS = 2400;

const imageRequestSchema = z.object({
  model: z.string().min(1).max(200),
  prompt: z.string().min(1),
  response_format: z.literal('b64_json').default('b64_json'),
  size: z
    .string()
    .regex(/^[1-9]\d{0,3}x[1-9]\d{0,3}$/)
    .refine((size) => size.split('x').every((side) => Number(side) <= PICTURE_SIDE_MAX), {
      error: `at most ${PICTURE_SIDE_MAX} pixels on a side`,
    })
    .default('512x512'),
});
type ImageRequest = z.infer<typeof imageRequestSchema>;

/** What OpenAI answers to a call that fails. */
interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly message: string;
}

/** One call that may be served: what it asks for, and what stands for its purchase. */
interface Call {
  readonly request: ChatRequest | ImageRequest;
  readonly body: string;
  readonly key: string;
  readonly behaviour: Behaviour;
}

/**
 * Starts a provider for the demonstration: a real HTTP server on loopback that speaks OpenAI's API for chat completions, images
 * and models, makes real pages and pictures, and fails in the ways that its models' names ask for. A call with an idempotency
 * key that was answered before is answered with the same result and makes nothing again. Rejects where the port is taken.
 */
export async function startDemoProvider(options: DemoProviderOptions = {}): Promise<DemoProvider> {
  const desk = new SalesDesk(options);
  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    desk.serve(request, response, gone.signal).catch((cause: unknown) => {
      // A client that went away in the middle of its answer wants no other one.
      if (gone.signal.aborted || response.headersSent) response.destroy();
      else {
        refuse(response, {
          status: 500,
          type: 'server_error',
          code: 'internal_error',
          message: cause instanceof Error ? cause.message : 'failed',
        });
      }
    });
  });
  const port = await listenOnLoopback(server, options.port ?? 0);
  return {
    baseUrl: `http://${LOOPBACK}:${port}/v1`,
    port,
    apiKey: desk.apiKey,
    calls: () => ({ ...desk.calls }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class SalesDesk {
  readonly apiKey = `demo-${randomBytes(16).toString('hex')}`;
  readonly calls = { generated: 0, replayed: 0, refused: 0 };
  readonly #sold = new SoldResults(REMEMBERED_CHARACTERS_MAX);
  readonly #triesWithoutKey = new Map<string, number>();
  readonly #seed: number;
  readonly #slowMs: number;
  readonly #log: (line: string) => void;

  constructor(options: DemoProviderOptions) {
    this.#seed = options.seed ?? 0;
    this.#slowMs = options.slowMs ?? SLOW_MS;
    this.#log = options.log ?? (() => undefined);
  }

  async serve(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const route = `${request.method ?? ''} ${request.url ?? ''}`;
    if (request.headers.authorization !== `Bearer ${this.apiKey}`) {
      this.#refuse(response, route, KEY_REFUSAL);
      return;
    }
    if (route === 'GET /v1/models') {
      const data = DEMO_MODELS.map((id) => ({ id, object: 'model', created: 0, owned_by: 'runledger-demo' }));
      sendJson(response, 200, { object: 'list', data });
      return;
    }
    const schema = SCHEMA_BY_ROUTE.get(route);
    if (schema === undefined) {
      this.#refuse(response, route, { ...INPUT_REFUSAL, status: 404, code: 'not_found', message: 'No such route.' });
      return;
    }
    const body = await readBody(request);
    const parsed = safeParse(schema, body === null ? null : parseJson(body));
    if (body === null || !parsed.success) {
      const problem = parsed.error?.issues[0];
      const message = `The request cannot be used: ${problem?.path.join('.') ?? 'body'} ${problem?.message ?? ''}`;
      this.#refuse(response, route, { ...INPUT_REFUSAL, code: 'invalid_prompt', message });
      return;
    }
    await this.#answer(response, route, this.#callOf(request, parsed.data, body), signal);
  }

  #callOf(message: IncomingMessage, request: ChatRequest | ImageRequest, body: string): Call {
    const header = message.headers['idempotency-key'];
    const key = typeof header === 'string' && header !== '' ? header : this.#keyOf(body);
    const attempt = Number(/:(\d{1,6})$/.exec(key)?.[1] ?? 1);
    const behaviour = behaviourOf({ model: request.model, key, attempt, seed: this.#seed });
    return { request, body, key, behaviour };
  }

  /** Stands for the key of a client that sends none: each time that it asks is another purchase. */
  #keyOf(body: string): string {
    const digest = createHash('sha256').update(body).digest('hex');
    const tries = (this.#triesWithoutKey.get(digest) ?? 0) + 1;
    const [oldest] = this.#triesWithoutKey.keys();
    if (this.#triesWithoutKey.size >= COUNTED_MAX && oldest !== undefined) this.#triesWithoutKey.delete(oldest);
    this.#triesWithoutKey.set(digest, tries);
    return `without-key-${digest}:${tries}`;
  }

  async #answer(response: ServerResponse, route: string, call: Call, signal: AbortSignal): Promise<void> {
    const refusal = REFUSAL_BY_BEHAVIOUR.get(call.behaviour);
    if (refusal !== undefined) {
      if (refusal.status === 429) response.setHeader('Retry-After', String(retryAfterSecondsOf(call.request.model)));
      this.#refuse(response, `${route} ${call.request.model}`, refusal);
      return;
    }
    if (call.behaviour === 'hang') {
      this.calls.refused += 1;
      this.#log(`${route} ${call.request.model}: no answer`);
      // The client's own time-out ends this, or the end of this server.
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      return;
    }
    const isSlow = call.behaviour === 'answer_slowly';
    if (isSlow) await delay(this.#slowMs * (0.4 + 0.6 * shareOf(call.key)), undefined, { signal });
    const sale = this.#sold.sell(call.key, call.body, () => make(call));
    if (sale.type === 'key_reused') {
      this.#refuse(response, `${route} ${call.request.model}`, KEY_REUSED_REFUSAL);
      return;
    }
    this.calls[sale.type === 'made' ? 'generated' : 'replayed'] += 1;
    this.#log(`${route} ${call.request.model}: ${sale.type}`);
    await send(response, call, sale.result, { pauseMs: isSlow ? this.#slowMs / 12 : 0, signal });
  }

  #refuse(response: ServerResponse, what: string, refusal: Refusal): void {
    this.calls.refused += 1;
    this.#log(`${what}: ${refusal.status} ${refusal.code}`);
    refuse(response, refusal);
  }
}

const SCHEMA_BY_ROUTE: ReadonlyMap<string, z.ZodType<ChatRequest | ImageRequest>> = new Map<
  string,
  z.ZodType<ChatRequest | ImageRequest>
>([
  ['POST /v1/chat/completions', chatRequestSchema],
  ['POST /v1/images/generations', imageRequestSchema],
]);

const KEY_REFUSAL: Refusal = {
  status: 401,
  type: 'invalid_request_error',
  code: 'invalid_api_key',
  message: 'Incorrect API key provided.',
};
const INPUT_REFUSAL: Refusal = {
  status: 400,
  type: 'invalid_request_error',
  code: 'invalid_prompt',
  message: 'The prompt asks for something that the model cannot make.',
};
const KEY_REUSED_REFUSAL: Refusal = {
  ...INPUT_REFUSAL,
  code: 'idempotency_key_reused',
  message: 'This idempotency key was used before for another request.',
};
const REFUSAL_BY_BEHAVIOUR: ReadonlyMap<Behaviour, Refusal> = new Map([
  [
    'unavailable',
    {
      status: 503,
      type: 'server_error',
      code: 'server_error',
      message: 'The server is overloaded, please try again later.',
    },
  ],
  [
    'rate_limited',
    { status: 429, type: 'requests', code: 'rate_limit_exceeded', message: 'Rate limit reached for requests.' },
  ],
  ['input_refused', INPUT_REFUSAL],
  [
    'content_refused',
    {
      status: 400,
      type: 'image_generation_user_error',
      code: 'content_policy_violation',
      message: 'Your request was rejected by the safety system.',
    },
  ],
  ['key_refused', KEY_REFUSAL],
]);

/** The page or, in base64, the picture that is asked for. */
function make(call: Call): string {
  const { request, behaviour } = call;
  if ('messages' in request) {
    const { prompt, requiredParts } = pageOrderOf(request);
    const page = webPage(prompt, requiredParts);
    // A reply that broke off: no end, and none of the parts that were asked for.
    return behaviour === 'answer_badly' ? page.slice(0, page.indexOf('<main')) : page;
  }
  const [width = 1, height = 1] = request.size.split('x').map(Number);
  const png = picture(request.prompt, width, height);
  return (behaviour === 'answer_badly' ? png.subarray(0, Math.floor(png.length / 2)) : png).toString('base64');
}

async function send(
  response: ServerResponse,
  call: Call,
  result: string,
  pace: { readonly pauseMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const id = createHash('sha256').update(call.key).digest('hex').slice(0, 16);
  response.setHeader('x-request-id', `req-${id}`);
  const { request } = call;
  if (!('messages' in request)) sendJson(response, 200, { created: 0, data: [{ b64_json: result }] });
  else if (!request.stream) sendJson(response, 200, completionOf(request, `chatcmpl-${id}`, result));
  else {
    const completion = { request, id: `chatcmpl-${id}`, content: result, pauseMs: pace.pauseMs };
    await streamCompletion(response, completion, pace.signal);
  }
}

/** The body as text, null where it is larger than a request may be. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, { status, type, code, message }: Refusal): void {
  sendJson(response, status, { error: { message, type, code, param: null } });
}
