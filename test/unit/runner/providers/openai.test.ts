import { describe, expect, it } from 'vitest';
import { classifyFailure } from '#domain/failure.ts';
import { openAiProvider, type OpenAiSettings } from '#runner/providers/openai.ts';
import { collectingSink, generationRequest, unstopped } from '../../../support/collecting-sink.ts';
import { startRecordedServer, type Answer, type RecordedServer } from '../../../support/recorded-server.ts';

const PRICES = { standard: { perMillionTokensIn: 1_000_000, perMillionTokensOut: 2_000_000, perImage: 40_000 } };

function providerAt(server: RecordedServer, settings: Partial<OpenAiSettings> = {}) {
  const base = { type: 'openai', name: 'p', baseUrl: `${server.url}/v1`, key: 'k', prices: PRICES } as const;
  return openAiProvider({ ...base, ...settings }, 'secret');
}

function events(chunks: readonly object[], isWhole = true): Answer {
  const lines = chunks.map((chunk) => `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'x', ...chunk })}\n\n`);
  return {
    headers: { 'Content-Type': 'text/event-stream', 'x-request-id': 'req_7' },
    body: lines.join('') + (isWhole ? 'data: [DONE]\n\n' : ''),
  };
}

function piece(content: string, finish: string | null = null): object {
  return { choices: [{ index: 0, delta: { content }, finish_reason: finish }] };
}

const USAGE = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 } };
const PIXEL = Buffer.from('not really a picture').toString('base64');

describe('the OpenAI adapter', () => {
  it('stores the acceptance with the head of the reply, before anything is written', async () => {
    const server = await startRecordedServer();
    server.answer(events([piece('<html>'), piece('</html>'), piece('', 'stop'), USAGE]));
    const sink = collectingSink();
    const made = await providerAt(server).generate(generationRequest(), sink, unstopped());
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: 50 } });
    expect(sink.steps).toEqual(['accepted req_7', 'write', 'progress', 'write', 'progress']);
    expect(sink.text()).toBe('<html></html>');
    expect(sink.tokens).toEqual([30]);
  });

  it('names a purchase by its first piece where the head of the reply names it by nothing', async () => {
    const server = await startRecordedServer();
    const whole = events([piece('<html></html>', 'stop'), USAGE]) as { readonly body: string };
    server.answer({ headers: { 'Content-Type': 'text/event-stream', 'x-request-id': '' }, body: whole.body });
    const sink = collectingSink();
    await providerAt(server).generate(generationRequest(), sink, unstopped());
    expect(sink.steps[0]).toBe('accepted chatcmpl-1');
  });

  it.each([
    ['leave out', undefined],
    ['have null for', null],
  ])('reads pieces that %s what they do not say', async (_what, nothing) => {
    const server = await startRecordedServer();
    const chunks = [
      piece('<html></html>', 'stop'),
      { choices: [{ index: 0, delta: nothing }] },
      { ...USAGE, choices: nothing },
    ];
    const { body } = events(chunks.map((chunk) => ({ ...chunk, id: nothing }))) as { readonly body: string };
    server.answer({ headers: { 'Content-Type': 'text/event-stream' }, body });
    const sink = collectingSink();
    const made = await providerAt(server).generate(generationRequest(), sink, unstopped());
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: 50 } });
    expect(sink.steps).toEqual(['write', 'progress']);
  });

  it.each([
    ['content that is no text', { choices: [{ delta: { content: [{ text: 'a' }] } }] }, 'choices.0.delta.content'],
    ['choices that are no list', { choices: { 0: {} } }, 'choices'],
  ])('refuses a reply that has %s, and says where', async (_what, odd, place) => {
    const server = await startRecordedServer();
    const { body } = events([{ ...piece('a', null), ...odd }]) as { readonly body: string };
    server.answer({ headers: { 'Content-Type': 'text/event-stream' }, body });
    const made = await providerAt(server).generate(generationRequest(), collectingSink(), unstopped());
    const evidence = JSON.stringify(made.ok ? null : made.error.evidence);
    expect(evidence).toContain('"source":"reply"');
    expect(evidence).toContain(`cannot be read: ${place} `);
  });

  it('keeps a text whose name or use of tokens cannot be read', async () => {
    const server = await startRecordedServer();
    const usage = { prompt_tokens: 'many', completion_tokens: -1 };
    const { body } = events([
      { ...piece('<html></html>', 'stop'), id: 7 },
      { ...USAGE, usage },
    ]) as { readonly body: string };
    server.answer({ headers: { 'Content-Type': 'text/event-stream' }, body });
    const made = await providerAt(server).generate(generationRequest(), collectingSink(), unstopped());
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: null } });
  });

  it('refuses a reply whose pictures are no list, and has said what was accepted before', async () => {
    const server = await startRecordedServer();
    server.answer({ body: { created: 'now', data: 'picture' } });
    const sink = collectingSink();
    const request = generationRequest({ kind: 'image', options: {} });
    expect(await providerAt(server).generate(request, sink, unstopped())).toMatchObject({
      error: { evidence: { source: 'reply' } },
    });
    expect(sink.steps).toEqual([`accepted image-undated-${request.idempotencyKey}`]);
  });

  it('fetches a picture also where the reply has null for its bytes', async () => {
    const server = await startRecordedServer();
    server.answer(
      { body: { created: 1, data: [{ b64_json: null, url: `${server.url}/picture.png`, revised_prompt: null }] } },
      { headers: { 'Content-Type': 'image/png' }, body: 'bytes' },
    );
    const sink = collectingSink();
    const request = generationRequest({ kind: 'image', options: {} });
    expect(await providerAt(server).generate(request, sink, unstopped())).toMatchObject({ ok: true });
    expect(sink.text()).toBe('bytes');
  });

  it.each([
    ['document', 'Markdown'],
    ['data', 'one JSON value'],
  ])('asks for a %s as one', async (kind, words) => {
    const server = await startRecordedServer();
    server.answer(events([piece('{}', 'stop')]));
    await providerAt(server).generate(generationRequest({ kind }), collectingSink(), unstopped());
    expect(server.calls[0]?.body).toContain(words);
  });

  it.each<readonly [string, readonly object[], boolean, string, string]>([
    [
      'a refusal in the stream',
      [{ choices: [{ index: 0, delta: { refusal: 'No.' } }] }, piece('', 'stop')],
      true,
      'policy',
      'content_refused',
    ],
    ['a content filter', [piece('Once'), piece('', 'content_filter')], true, 'policy', 'content_refused'],
    ['a stream without an end', [piece('<html>')], false, 'temporary', 'network_stream_cut'],
    ["the model's limit", [piece('<html>', 'length')], true, 'provider', 'malformed_reply'],
    ['no content', [piece('', 'stop')], true, 'provider', 'malformed_reply'],
    [
      'an error in the stream',
      [{ error: { message: 'Overloaded.', code: 'server_error', type: 'server_error' } }],
      false,
      'temporary',
      'server_error',
    ],
    [
      'an error in the stream whose code is the number of a status',
      [{ error: { message: 'Slow down.', code: 429 } }],
      false,
      'rate_limit',
      'http_429',
    ],
  ])('calls %s what it is', async (_what, chunks, isWhole, failureClass, code) => {
    const server = await startRecordedServer();
    server.answer(events(chunks, isWhole));
    const made = await providerAt(server).generate(generationRequest(), collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing failed');
    expect(classifyFailure(made.error.evidence)).toMatchObject({ class: failureClass, code });
  });

  it('says what a refused reply has cost all the same', async () => {
    const server = await startRecordedServer();
    server.answer(events([piece('', 'content_filter'), USAGE]));
    const made = await providerAt(server).generate(generationRequest(), collectingSink(), unstopped());
    expect(made).toMatchObject({ ok: false, error: { providerCostMicroUsd: 50 } });
  });

  it('takes a picture that comes with the reply', async () => {
    const server = await startRecordedServer();
    server.answer({ headers: { 'x-request-id': 'req_8' }, body: { created: 5, data: [{ b64_json: PIXEL }] } });
    const sink = collectingSink();
    const made = await providerAt(server).generate(
      generationRequest({ kind: 'image', options: { size: '64x64' } }),
      sink,
      unstopped(),
    );
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: 40_000 } });
    expect(sink.steps).toEqual(['accepted req_8', 'write', 'progress']);
    expect(sink.text()).toBe('not really a picture');
    expect(JSON.parse(server.calls[0]?.body ?? '')).toMatchObject({ size: '64x64', response_format: 'b64_json' });
  });

  it('fetches a picture that is left somewhere, without showing its key there', async () => {
    const server = await startRecordedServer();
    server.answer({ body: { created: 5, data: [{ url: `${server.url}/pictures/1` }] } }, { body: 'a picture' });
    const sink = collectingSink();
    const provider = providerAt(server, { imageReply: 'unspecified' });
    expect(await provider.generate(generationRequest({ kind: 'image' }), sink, unstopped())).toMatchObject({
      ok: true,
    });
    expect(sink.steps[0]).toBe('accepted image-5-g-1:1');
    expect(sink.text()).toBe('a picture');
    expect(JSON.parse(server.calls[0]?.body ?? '')).not.toHaveProperty('response_format');
    expect(server.calls[1]?.headers.authorization).toBeUndefined();
  });

  it.each([
    ['content_policy_violation', 'policy'],
    ['moderation_blocked', 'policy'],
    ['insufficient_quota', 'provider'],
    ['context_length_exceeded', 'input'],
  ])('goes by the code %s rather than by the status', async (code, failureClass) => {
    const server = await startRecordedServer();
    server.answer({ status: 400, body: { error: { message: 'No.', type: 'x', code, param: null } } });
    const made = await providerAt(server).generate(generationRequest({ kind: 'image' }), collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing failed');
    expect(classifyFailure(made.error.evidence)).toEqual({
      class: failureClass,
      code,
      message: expect.any(String) as string,
    });
  });

  it.each([
    { status: 402, failureClass: 'provider', code: 'http_402' },
    { status: 400, failureClass: 'input', code: 'http_400' },
  ])('goes by the status $status where the code is only its number', async ({ status, failureClass, code }) => {
    const server = await startRecordedServer();
    server.answer({ status, body: { error: { message: 'No.', code: status } } });
    const made = await providerAt(server).generate(generationRequest({ kind: 'image' }), collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing failed');
    expect(classifyFailure(made.error.evidence)).toMatchObject({ class: failureClass, code });
  });

  it('makes nothing of a kind that it does not know', async () => {
    const server = await startRecordedServer();
    const made = await providerAt(server).generate(generationRequest({ kind: 'video' }), collectingSink(), unstopped());
    expect(made).toMatchObject({ ok: false, error: { evidence: { source: 'input' } } });
    expect(server.calls).toEqual([]);
  });
});
