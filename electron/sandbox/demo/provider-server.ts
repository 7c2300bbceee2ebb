import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { picture, shareOf, webPage } from './artefacts.ts';

/** A running demo provider. */
export interface DemoProvider {
  /** For an OpenAI client. */
  readonly baseUrl: string;
  /** Made anew at each start; requests without it are refused. */
  readonly apiKey: string;
  /** How many generations were made and how many calls were answered with one made before, since the start. */
  readonly counts: () => { readonly generated: number; readonly replayed: number };
  /** Idempotent. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const BODY_BYTES_MAX = 1_000_000;
/** Results are remembered for that many idempotency keys. */
const REMEMBERED_MAX = 20_000;

const chatSchema = z.object({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
});
const imageSchema = z.object({
  model: z.string(),
  prompt: z.string(),
  size: z
    .string()
    .regex(/^\d{1,4}x\d{1,4}$/)
    .default('512x512'),
});

/** How a model of the demo behaves, by its name. */
type Behaviour = 'standard' | 'unavailable' | 'rate_limited' | 'bad_output' | 'slow' | 'bad_input' | 'content_refused';

/**
 * What a call to a model does: `flaky-0.3` fails for three calls in ten, `rate-limited` asks the first call for each purchase
 * to wait, the others say it in their name. The same call always does the same, so that a run can be repeated.
 */
function behaviourOf(model: string, callKey: string): Behaviour {
  const flaky = /^flaky-(0?\.\d+|1)$/.exec(model)?.[1];
  if (flaky !== undefined) return shareOf(callKey) < Number(flaky) ? 'unavailable' : 'standard';
  switch (model) {
    case 'rate-limited':
      return callKey.endsWith(':1') ? 'rate_limited' : 'standard';
    case 'bad-output':
      return 'bad_output';
    case 'slow':
      return 'slow';
    case 'bad-input':
      return 'bad_input';
    case 'content-refused':
      return 'content_refused';
    default:
      return 'standard';
  }
}

/**
 * Starts a provider for the demonstration: a real HTTP server on loopback that speaks OpenAI's API for chat completions and
 * images, makes real pages and pictures, and fails in the ways that its models' names ask for. A call with an idempotency key
 * that was answered before is answered with the same result and makes nothing again.
 */
export async function startDemoProvider(options: { readonly port?: number } = {}): Promise<DemoProvider> {
  const apiKey = `demo-${randomBytes(16).toString('hex')}`;
  const made = new Map<string, string>();
  const counts = { generated: 0, replayed: 0 };
  /** Makes a result once for each key. */
  const once = (key: string, make: () => string): string => {
    const before = made.get(key);
    if (before !== undefined) {
      counts.replayed += 1;
      return before;
    }
    counts.generated += 1;
    const result = make();
    made.set(key, result);
    const [oldest] = made.keys();
    if (made.size > REMEMBERED_MAX && oldest !== undefined) made.delete(oldest);
    return result;
  };
  const server = createServer((request, response) => {
    handle(request, response, apiKey, once).catch((cause: unknown) => {
      // A client that went away in the middle of its answer.
      if (!response.headersSent)
        sendError(response, 500, 'server_error', cause instanceof Error ? cause.message : 'failed');
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, HOST, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    baseUrl: `http://${HOST}:${port}/v1`,
    apiKey,
    counts: () => ({ ...counts }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  apiKey: string,
  once: (key: string, make: () => string) => string,
): Promise<void> {
  if (request.headers.authorization !== `Bearer ${apiKey}`) {
    sendError(response, 401, 'invalid_api_key', 'Incorrect API key provided.');
    return;
  }
  const route = `${request.method ?? ''} ${request.url ?? ''}`;
  const isChat = route === 'POST /v1/chat/completions';
  if (!isChat && route !== 'POST /v1/images/generations') {
    sendError(response, 404, 'not_found', `There is no ${route}.`);
    return;
  }
  const body = await readBody(request);
  const parsed = isChat ? chatSchema.safeParse(body) : imageSchema.safeParse(body);
  if (!parsed.success) {
    sendError(response, 400, 'invalid_prompt', parsed.error.issues[0]?.message ?? 'The request cannot be read.');
    return;
  }
  const header = request.headers['idempotency-key'];
  const key = typeof header === 'string' ? header : JSON.stringify(body);
  const behaviour = behaviourOf(parsed.data.model, key);
  if (refuse(response, behaviour)) return;
  if (behaviour === 'slow') await delay(1200 + shareOf(key) * 1800);
  if ('messages' in parsed.data) await answerChat(response, parsed.data, key, behaviour, once);
  else answerImage(response, parsed.data, key, behaviour, once);
}

/** Answers a call that its model's name says must fail. @returns true where it did */
function refuse(response: ServerResponse, behaviour: Behaviour): boolean {
  switch (behaviour) {
    case 'unavailable':
      sendError(response, 503, 'server_error', 'The server is overloaded, please try again later.');
      return true;
    case 'rate_limited':
      response.setHeader('Retry-After', '1');
      sendError(response, 429, 'rate_limit_exceeded', 'Rate limit reached for requests.');
      return true;
    case 'bad_input':
      sendError(response, 400, 'invalid_prompt', 'The prompt asks for something that the model cannot make.');
      return true;
    case 'content_refused':
      sendError(response, 400, 'content_policy_violation', 'Your request was rejected by the safety system.');
      return true;
    case 'standard':
    case 'bad_output':
    case 'slow':
      return false;
  }
}

async function answerChat(
  response: ServerResponse,
  request: z.infer<typeof chatSchema>,
  key: string,
  behaviour: Behaviour,
  once: (key: string, make: () => string) => string,
): Promise<void> {
  const prompt = request.messages.at(-1)?.content ?? '';
  const page = once(key, () => {
    const whole = webPage(promptOf(prompt), partsOf(prompt));
    // A reply that broke off: no end, and half of its parts are not there.
    return behaviour === 'bad_output' ? whole.slice(0, whole.indexOf('<main')) : whole;
  });
  const id = `chatcmpl-${Math.floor(shareOf(key) * 2 ** 32)
    .toString(16)
    .padStart(8, '0')}`;
  const usage = {
    prompt_tokens: Math.ceil(prompt.length / 4),
    completion_tokens: Math.ceil(page.length / 4),
    total_tokens: Math.ceil((prompt.length + page.length) / 4),
  };
  const base = { id, created: 0, model: request.model };
  if (!request.stream) {
    sendJson(response, 200, {
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: page, refusal: null }, finish_reason: 'stop' }],
      usage,
    });
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const send = (fields: object): void => {
    response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...fields })}\n\n`);
  };
  const size = Math.ceil(page.length / 6);
  for (let at = 0; at < page.length; at += size) {
    send({
      choices: [{ index: 0, delta: { role: 'assistant', content: page.slice(at, at + size) }, finish_reason: null }],
    });
    if (behaviour === 'slow') await delay(200);
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  send({ choices: [], usage });
  response.end('data: [DONE]\n\n');
}

function answerImage(
  response: ServerResponse,
  request: z.infer<typeof imageSchema>,
  key: string,
  behaviour: Behaviour,
  once: (key: string, make: () => string) => string,
): void {
  const [width = 512, height = 512] = request.size.split('x').map(Number);
  const base64 = once(key, () => {
    const png = picture(request.prompt, Math.min(width, 2048), Math.min(height, 2048));
    return (behaviour === 'bad_output' ? png.subarray(0, Math.floor(png.length / 2)) : png).toString('base64');
  });
  response.setHeader(
    'x-request-id',
    `img-${Math.floor(shareOf(key) * 2 ** 32)
      .toString(16)
      .padStart(8, '0')}`,
  );
  sendJson(response, 200, { created: 0, data: [{ b64_json: base64 }] });
}

/** The runner sends the options behind the prompt; the parts that are asked for stand there. */
function partsOf(message: string): readonly string[] {
  const options = /\n\nOptions: (\{.*\})$/s.exec(message)?.[1];
  const parsed = z
    .object({ requiredParts: z.array(z.string()).default([]) })
    .safeParse(options === undefined ? {} : JSON.parse(options));
  return parsed.success ? parsed.data.requiredParts : [];
}

function promptOf(message: string): string {
  return message.replace(/\n\nOptions: \{.*\}$/s, '');
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  const type = status === 400 ? 'invalid_request_error' : status === 429 ? 'requests' : 'server_error';
  sendJson(response, status, { error: { message, type, code, param: null } });
}
