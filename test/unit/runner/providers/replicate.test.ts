import { describe, expect, it } from 'vitest';
import { classifyFailure } from '#domain/failure.ts';
import { replicateProvider } from '#runner/providers/replicate.ts';
import { collectingSink, generationRequest, unstopped } from '../../../support/collecting-sink.ts';
import { cutBeforeReply, startRecordedServer, type RecordedServer } from '../../../support/recorded-server.ts';

const VERSION = 'a'.repeat(64);

function providerAt(server: RecordedServer) {
  const prices = { 'stability-ai/sdxl': 1_150 };
  return replicateProvider(
    { type: 'replicate', name: 'p', baseUrl: `${server.url}/v1`, key: 'k', pollMs: 10, microUsdPerSecond: prices },
    'secret',
  );
}

/** A prediction as Replicate shows it. */
function prediction(status: string, fields: object = {}): object {
  return {
    id: 'gm3qorzdhgbfurvjtvhg6dckhu',
    status,
    model: 'stability-ai/sdxl',
    input: {},
    logs: '',
    error: null,
    urls: {},
    ...fields,
  };
}

const IMAGE = generationRequest({
  kind: 'image',
  model: 'stability-ai/sdxl',
  prompt: 'A cup',
  options: { size: '64x64' },
});

describe('the prediction adapter', () => {
  it('creates once, stores the acceptance at once, looks until it is done, and streams the output', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 201, body: prediction('starting') },
      { body: prediction('processing', { logs: '10%|#\n 40%|####' }) },
      { body: prediction('succeeded', { output: [`${server.url}/out-0.png`], metrics: { predict_time: 2.5 } }) },
      { body: 'the picture' },
    );
    const sink = collectingSink();
    const made = await providerAt(server).generate(IMAGE, sink, unstopped());
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: 2875 } });
    expect(sink.steps).toEqual(['accepted gm3qorzdhgbfurvjtvhg6dckhu', 'progress', 'write', 'progress']);
    expect(sink.fractions).toContain(0.4);
    expect(sink.text()).toBe('the picture');
    expect(server.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/models/stability-ai/sdxl/predictions',
      'GET /v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu',
      'GET /v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu',
      'GET /out-0.png',
    ]);
    expect(JSON.parse(server.calls[0]?.body ?? '')).toEqual({ input: { prompt: 'A cup', size: '64x64' } });
    expect(server.calls[3]?.headers.authorization).toBeUndefined();
  });

  it.each([
    [`acme/tea:${VERSION}`, VERSION],
    [VERSION, VERSION],
  ])('asks for the version that the model %s names', async (model, version) => {
    const server = await startRecordedServer();
    server.answer({ status: 201, body: prediction('succeeded', { output: ['Tea ', 'time'] }) });
    const sink = collectingSink();
    await providerAt(server).generate(generationRequest({ kind: 'document', model }), sink, unstopped());
    expect(server.calls[0]?.path).toBe('/v1/predictions');
    expect(JSON.parse(server.calls[0]?.body ?? '')).toMatchObject({ version });
  });

  it.each([
    ['pieces of text', ['Tea ', 'time'], 'Tea time'],
    ['a value', { cups: 2 }, '{"cups":2}'],
    ['data of its own', 'data:text/plain;base64,VGVh', 'Tea'],
  ])('takes %s as the output', async (_what, output, text) => {
    const server = await startRecordedServer();
    server.answer({ status: 201, body: prediction('starting') }, { body: prediction('succeeded', { output }) });
    const sink = collectingSink();
    expect(await providerAt(server).generate(IMAGE, sink, unstopped())).toMatchObject({ ok: true });
    expect(sink.text()).toBe(text);
  });

  it('goes on looking through failures that pass', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 201, body: prediction('starting') },
      { status: 503, body: { detail: 'Try later.' } },
      cutBeforeReply,
      { status: 429, body: { detail: 'Slow down.' } },
      { body: prediction('succeeded', { output: 'done' }) },
    );
    const sink = collectingSink();
    expect(await providerAt(server).generate(IMAGE, sink, unstopped())).toMatchObject({ ok: true });
    expect(server.calls.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('gives an attempt up whose prediction cannot be asked for, and leaves the acceptance to be collected', async () => {
    const server = await startRecordedServer();
    server.answer({ status: 201, body: prediction('starting') }, { status: 503, body: { detail: 'Try later.' } });
    const sink = collectingSink();
    const made = await providerAt(server).generate(IMAGE, sink, unstopped());
    expect(made).toMatchObject({ ok: false, error: { evidence: { source: 'http', status: 503 } } });
    expect(sink.steps).toEqual(['accepted gm3qorzdhgbfurvjtvhg6dckhu']);
    expect(server.calls).toHaveLength(7);
  });

  it.each([
    ['failed', 'CUDA out of memory', 'provider', 'prediction_failed'],
    ['failed', 'NSFW content detected. Try running it again.', 'policy', 'content_refused'],
    ['canceled', null, 'temporary', 'prediction_canceled'],
  ])('calls a prediction that %s with %s what it is', async (status, error, failureClass, code) => {
    const server = await startRecordedServer();
    const metrics = { predict_time: 1 };
    server.answer({ status: 201, body: prediction('starting') }, { body: prediction(status, { error, metrics }) });
    const made = await providerAt(server).generate(IMAGE, collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing failed');
    expect(classifyFailure(made.error.evidence)).toMatchObject({ class: failureClass, code });
    expect(made.error.providerCostMicroUsd).toBe(1150);
  });

  it('calls a reply that is no prediction malformed', async () => {
    const server = await startRecordedServer();
    server.answer({ status: 201, body: { ok: true } });
    const made = await providerAt(server).generate(IMAGE, collectingSink(), unstopped());
    expect(made).toMatchObject({ ok: false, error: { evidence: { source: 'reply' } } });
  });

  it.each([
    ['a status that nobody knows', { status: 'queued' }],
    ['no status', { status: null }],
    ['measures of another kind', { metrics: { predict_time: null } }],
    ['logs of another kind', { logs: ['one', 'two'] }],
  ])('stores the acceptance of a prediction with %s, and waits for it', async (_what, fields) => {
    const server = await startRecordedServer();
    server.answer(
      { status: 201, body: prediction('starting', fields) },
      { body: prediction('processing', fields) },
      { body: prediction('succeeded', { ...fields, status: 'succeeded', output: 'done' }) },
    );
    const sink = collectingSink();
    expect(await providerAt(server).generate(IMAGE, sink, unstopped())).toMatchObject({ ok: true });
    expect(sink.steps[0]).toBe('accepted gm3qorzdhgbfurvjtvhg6dckhu');
    expect(sink.text()).toBe('done');
  });

  it('collects what was accepted, and buys nothing', async () => {
    const server = await startRecordedServer();
    server.answer({ body: prediction('processing') }, { body: prediction('succeeded', { output: 'late but there' }) });
    const sink = collectingSink();
    const collected = await providerAt(server).collect?.('abc', IMAGE, sink, unstopped());
    expect(collected).toMatchObject({ ok: true });
    expect(sink.steps[0]).toBe('accepted abc');
    expect(sink.text()).toBe('late but there');
    expect(server.calls.every(({ method }) => method === 'GET')).toBe(true);
  });

  it.each([
    ['is not known, asked three times', { status: 404, body: { detail: 'Prediction not found' } }],
    ['was cancelled', { body: prediction('canceled') }],
  ])('has nothing to collect where the prediction %s', async (_what, answer) => {
    const server = await startRecordedServer();
    server.answer(answer);
    expect(await providerAt(server).collect?.('abc', IMAGE, collectingSink(), unstopped())).toBeNull();
  });

  it('collects what the provider knows a moment later only, and buys nothing', async () => {
    const server = await startRecordedServer();
    const unknown = { status: 404, body: { detail: 'Prediction not found' } };
    server.answer(unknown, unknown, { body: prediction('succeeded', { output: 'there after all' }) });
    const sink = collectingSink();
    expect(await providerAt(server).collect?.('abc', IMAGE, sink, unstopped())).toMatchObject({ ok: true });
    expect(sink.text()).toBe('there after all');
    expect(server.calls.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('does not take a refused key for a prediction that is gone', async () => {
    const server = await startRecordedServer();
    server.answer({ status: 401, body: { detail: 'Unauthenticated' } });
    const collected = await providerAt(server).collect?.('abc', IMAGE, collectingSink(), unstopped());
    expect(collected).toMatchObject({ ok: false, error: { evidence: { status: 401 } } });
  });

  it('cancels a prediction', async () => {
    const server = await startRecordedServer();
    server.answer({ body: prediction('canceled') });
    await providerAt(server).cancel?.('abc', unstopped());
    expect(server.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/predictions/abc/cancel']);
  });
});
