import { describe, expect, it } from 'vitest';
import { classifyFailure, type FailureClass } from '#domain/failure.ts';
import type { GenerationFailure, Provider } from '#runner/provider.ts';
import { httpProvider } from '#runner/providers/http.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { replicateProvider } from '#runner/providers/replicate.ts';
import { collectingSink, generationRequest, unstopped } from '../../../support/collecting-sink.ts';
import {
  cutBeforeReply,
  cutWithin,
  stallWithin,
  startRecordedServer,
  type Answer,
  type RecordedServer,
} from '../../../support/recorded-server.ts';

const KEY = 's3cret-key';

interface Adapter {
  readonly name: string;
  make(url: string): Provider;
  /** The type of content that it answers with. */
  readonly replyType: string;
  /** An error as this provider words it. */
  error(message: string, code: string): unknown;
}

const ADAPTERS: readonly Adapter[] = [
  {
    name: 'openai',
    replyType: 'text/event-stream',
    make: (url) => openAiProvider({ type: 'openai', name: 'p', baseUrl: `${url}/v1`, key: 'k' }, KEY),
    error: (message, code) => ({ error: { message, type: 'invalid_request_error', code, param: null } }),
  },
  {
    name: 'replicate',
    replyType: 'application/json',
    make: (url) => replicateProvider({ type: 'replicate', name: 'p', baseUrl: `${url}/v1`, key: 'k', pollMs: 10 }, KEY),
    error: (detail) => ({ title: 'Error', detail, status: 0 }),
  },
  {
    name: 'http',
    replyType: 'application/json',
    make: (url) =>
      httpProvider(
        {
          type: 'http',
          name: 'p',
          headers: { Authorization: { key: 'k', prefix: 'Bearer ' }, 'Idempotency-Key': '{idempotencyKey}' },
          submit: { url: `${url}/make`, body: { prompt: '{prompt}' } },
          result: { how: 'poll', look: { url: `${url}/jobs/{id}`, pollMs: 10 } },
          read: {
            id: '/id',
            status: '/status',
            output: { at: '/text', as: 'text' },
            error: '/message',
            errorCode: '/code',
          },
        },
        () => KEY,
        null,
      ),
    error: (message, code) => ({ message, code }),
  },
];

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly failureClass: FailureClass;
  readonly retryAfterMs: number;
}

/** What each status means, by the domain's classes. */
const REFUSALS: readonly Refusal[] = [
  { status: 400, failureClass: 'input', retryAfterMs: 0 },
  { status: 401, failureClass: 'provider', retryAfterMs: 0 },
  { status: 402, failureClass: 'provider', retryAfterMs: 0 },
  { status: 403, failureClass: 'provider', retryAfterMs: 0 },
  { status: 404, failureClass: 'input', retryAfterMs: 0 },
  { status: 408, failureClass: 'timeout', retryAfterMs: 0 },
  { status: 409, failureClass: 'temporary', retryAfterMs: 0 },
  { status: 422, failureClass: 'input', retryAfterMs: 0 },
  { status: 429, failureClass: 'rate_limit', retryAfterMs: 0 },
  { status: 429, headers: { 'Retry-After': '7' }, failureClass: 'rate_limit', retryAfterMs: 7000 },
  { status: 429, headers: { 'Retry-After': 'soon' }, failureClass: 'rate_limit', retryAfterMs: 0 },
  { status: 500, failureClass: 'temporary', retryAfterMs: 0 },
  { status: 502, failureClass: 'temporary', retryAfterMs: 0 },
  { status: 503, headers: { 'Retry-After': '3' }, failureClass: 'temporary', retryAfterMs: 3000 },
  { status: 504, failureClass: 'timeout', retryAfterMs: 0 },
  { status: 524, failureClass: 'timeout', retryAfterMs: 0 },
  { status: 529, failureClass: 'temporary', retryAfterMs: 0 },
];

async function failureOf(
  adapter: Adapter,
  server: RecordedServer,
  signal: AbortSignal = unstopped(),
): Promise<GenerationFailure> {
  const made = await adapter.make(server.url).generate(generationRequest(), collectingSink(), signal);
  if (made.ok) throw new Error('nothing failed');
  return made.error;
}

describe.each(ADAPTERS)('the adapter for $name', (adapter) => {
  it.each(REFUSALS)('calls an answer of $status $headers a failure of class $failureClass', async (refusal) => {
    const { status, headers = {}, failureClass, retryAfterMs } = refusal;
    const server = await startRecordedServer();
    server.answer({ status, headers, body: adapter.error('It went wrong.', '') });
    const failure = await failureOf(adapter, server);
    expect(classifyFailure(failure.evidence)).toMatchObject({ class: failureClass });
    expect(failure.evidence).toMatchObject({ message: expect.stringContaining('It went wrong.') as string });
    expect(failure.retryAfterMs).toBe(retryAfterMs);
    // Whether a purchase is tried again is decided elsewhere, with what was bought before in mind.
    expect(server.calls).toHaveLength(1);
  });

  it.each([
    { clock: 'five minutes behind ours', skewMs: -300_000 },
    { clock: 'five minutes before ours', skewMs: 300_000 },
  ])('understands a date in Retry-After by the clock of the provider, which is $clock', async ({ skewMs }) => {
    const server = await startRecordedServer();
    const thereMs = Date.now() + skewMs;
    const [said, at] = [new Date(thereMs).toUTCString(), new Date(thereMs + 60_000).toUTCString()];
    server.answer({ status: 429, headers: { Date: said, 'Retry-After': at }, body: adapter.error('Slow down.', '') });
    const failure = await failureOf(adapter, server);
    expect(failure.retryAfterMs).toBe(60_000);
  });

  it('understands a date in Retry-After of a provider that does not say what time it is', async () => {
    const server = await startRecordedServer();
    const at = new Date(Date.now() + 60_000).toUTCString();
    const body = JSON.stringify(adapter.error('Slow down.', ''));
    server.answer((response) => {
      response.sendDate = false;
      response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': at }).end(body);
    });
    const failure = await failureOf(adapter, server);
    expect(failure.retryAfterMs).toBeGreaterThan(30_000);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it.each<readonly [string, Answer]>([
    ['before the reply', cutBeforeReply],
    ['within the reply', cutWithin('{"id":"a', { 'Content-Type': adapter.replyType })],
  ])('calls a connection that is cut %s lost on the way, and asks once', async (_where, answer) => {
    const server = await startRecordedServer();
    server.answer(answer);
    const failure = await failureOf(adapter, server);
    expect(failure.evidence.source).toBe('network');
    expect(classifyFailure(failure.evidence).class).toBe('temporary');
    expect(server.calls).toHaveLength(1);
  });

  it('ends at once when it is stopped while a body stands still', async () => {
    const server = await startRecordedServer();
    const stop = new AbortController();
    server.answer(stallWithin('{"id":', () => stop.abort('runner_stopped')));
    const failure = await failureOf(adapter, server, stop.signal);
    expect(['cancelled', 'exception', 'network']).toContain(failure.evidence.source);
    expect(server.calls).toHaveLength(1);
  });

  it('calls a reply that is no JSON malformed', async () => {
    const server = await startRecordedServer();
    server.answer({ headers: { 'Content-Type': 'application/json' }, body: '<html>Bad gateway</html>' });
    const failure = await failureOf(adapter, server);
    expect(classifyFailure(failure.evidence)).toMatchObject({ class: 'provider', code: 'malformed_reply' });
    expect(server.calls).toHaveLength(1);
  });

  it('sends its key, and lets no error tell it', async () => {
    const server = await startRecordedServer();
    server.answer({ status: 401, body: adapter.error('Incorrect key.', '') });
    const failure = await failureOf(adapter, server);
    expect(server.calls[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(failure)).not.toContain(KEY);
  });

  it('sends the key of the purchase', async () => {
    const server = await startRecordedServer();
    server.answer({ status: 503 });
    await failureOf(adapter, server);
    expect(server.calls[0]?.headers['idempotency-key']).toBe('g-1:1');
  });
});
