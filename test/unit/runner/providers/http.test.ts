import { describe, expect, it } from 'vitest';
import { classifyFailure } from '#domain/failure.ts';
import { unreceivedAcceptance } from '#domain/generation-key.ts';
import type { Attempt, Job } from '#domain/job.ts';
import { CallbackDesk } from '#runner/callback-desk.ts';
import { httpProvider } from '#runner/providers/http.ts';
import { httpSettingsSchema, type HttpSettings } from '#runner/providers/http-settings.ts';
import { collectingSink, generationRequest, unstopped } from '../../../support/collecting-sink.ts';
import { runningJob } from '../../../support/running-job.ts';
import { startRecordedServer, type RecordedServer } from '../../../support/recorded-server.ts';

function settingsFor(server: RecordedServer, changes: Partial<HttpSettings> = {}): HttpSettings {
  return {
    type: 'http',
    name: 'maker',
    headers: {
      Authorization: { key: 'maker-key', prefix: 'Bearer ' },
      'X-Purchase': '{idempotencyKey}',
      'X-Client': 'runledger',
    },
    submit: {
      url: `${server.url}/make`,
      body: {
        text: 'Make: {prompt}',
        model: '{model}',
        all: '{options}',
        size: '{options/size}',
        tries: 1,
        none: null,
      },
    },
    result: { how: 'poll', look: { url: `${server.url}/jobs/{id}`, pollMs: 10 } },
    read: {
      id: '/job/id',
      status: '/job/state',
      output: { at: '/job/result/0/href', as: 'url' },
      error: '/job/problem',
      errorCode: '/job/code',
      progress: '/job/percent',
      cost: { at: '/job/units', microUsd: 200 },
    },
    refusalCodes: ['unsafe'],
    inputCodes: ['too_long'],
    cancel: { url: `${server.url}/jobs/{id}`, method: 'DELETE' },
    ...changes,
  };
}

/** A job in its second attempt, after one that ended so. */
function attemptedOnce(
  first: Pick<Attempt, 'acceptanceId' | 'failure'>,
): Pick<Job, 'attempts' | 'attempt' | 'billing'> {
  const { attempts, billing } = runningJob(['p']);
  const [earlier, ...others] = attempts;
  if (earlier === undefined) throw new Error('there was an attempt before');
  return { billing, attempt: 2, attempts: [{ ...earlier, ...first }, ...others] };
}

const secret = (name: string): string => `secret-of-${name}`;
const job = (fields: object): object => ({ job: { id: 'j/7', ...fields } });

describe('the adapter that is described by data', () => {
  it('fills in what it is told, stores the acceptance at once, looks, and fetches', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: job({ state: 'waiting' }) },
      { body: job({ state: 'working', percent: 40 }) },
      { body: job({ state: 'done', units: 3, result: [{ href: '/files/1' }] }) },
      { body: 'the file' },
    );
    const sink = collectingSink();
    const request = generationRequest({ options: { size: '64x64' } });
    const made = await httpProvider(settingsFor(server), secret, null).generate(request, sink, unstopped());
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: 600 } });
    expect(sink.steps).toEqual(['accepted j/7', 'progress', 'write', 'progress']);
    expect(sink.fractions).toContain(0.4);
    expect(sink.text()).toBe('the file');
    const [submitted, looked, , fetched] = server.calls;
    expect(JSON.parse(submitted?.body ?? '')).toEqual({
      text: 'Make: A page about {model} tea',
      model: 'standard',
      all: { size: '64x64' },
      size: '64x64',
      tries: 1,
      none: null,
    });
    expect(submitted?.headers).toMatchObject({ authorization: 'Bearer secret-of-maker-key', 'x-purchase': 'g-1:1' });
    expect(looked).toMatchObject({ method: 'GET', path: '/jobs/j%2F7' });
    expect(looked?.headers).toMatchObject({ authorization: 'Bearer secret-of-maker-key', 'x-client': 'runledger' });
    expect(looked?.headers).not.toHaveProperty('x-purchase');
    expect(fetched?.headers.authorization).toBeUndefined();
  });

  it.each([
    ['text', 'Tea', 'Tea'],
    ['base64', 'VGVh', 'Tea'],
    ['json', { cups: [1, 2] }, '{"cups":[1,2]}'],
  ] as const)('takes %s that comes with the reply', async (as, value, text) => {
    const server = await startRecordedServer();
    server.answer({ body: { id: 5, made: value } });
    const sink = collectingSink();
    const settings = settingsFor(server, {
      result: { how: 'reply' },
      read: { id: '/id', output: { at: '/made', as } },
    });
    const made = await httpProvider(settings, secret, null).generate(generationRequest(), sink, unstopped());
    expect(made).toMatchObject({ ok: true });
    expect(sink.steps[0]).toBe('accepted 5');
    expect(sink.text()).toBe(text);
  });

  it.each([
    ['unsafe', 'policy', 'content_refused'],
    ['too_long', 'input', 'invalid_input'],
    ['gpu_lost', 'provider', 'gpu_lost'],
    [null, 'provider', 'generation_failed'],
  ])('goes by the code %s of a generation that failed', async (code, failureClass, known) => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: job({ state: 'waiting' }) },
      { body: job({ state: 'failed', code, problem: 'It broke.' }) },
    );
    const made = await httpProvider(settingsFor(server), secret, null).generate(
      generationRequest(),
      collectingSink(),
      unstopped(),
    );
    if (made.ok) throw new Error('nothing failed');
    const classified = classifyFailure(made.error.evidence);
    expect(classified.message).toContain('It broke.');
    expect(classified).toMatchObject({ class: failureClass, code: known });
  });

  it('keeps every digit of an id, and of a result, that no number can hold', async () => {
    const server = await startRecordedServer();
    const id = '1234567890123456789';
    server.answer(
      { status: 202, body: `{"job":{"id":${id},"state":"waiting"}}` },
      { body: `{"job":{"id":${id},"state":"done","result":{"order":${id},"share":0.1}}}` },
    );
    const base = settingsFor(server);
    const read = { ...base.read, output: { at: '/job/result', as: 'json' } } as const;
    const sink = collectingSink();
    await httpProvider({ ...base, read }, secret, null).generate(generationRequest(), sink, unstopped());
    expect(sink.steps[0]).toBe(`accepted ${id}`);
    expect(server.calls[1]?.path).toBe(`/jobs/${id}`);
    expect(sink.text()).toBe(`{"order":${id},"share":0.1}`);
  });

  it.each([
    ['a text without a digit', ' ', null],
    ['words', 'free', null],
    ['nothing', null, null],
    ['a text of a number', '3', 600],
  ])('takes %s for a cost as what it says, and for no cost where it says none', async (_what, units, cost) => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: job({ state: 'waiting' }) },
      { body: job({ state: 'done', units, result: [{ href: '/files/1' }] }) },
      { body: 'the file' },
    );
    const provider = httpProvider(settingsFor(server), secret, null);
    const made = await provider.generate(generationRequest(), collectingSink(), unstopped());
    expect(made).toEqual({ ok: true, value: { providerCostMicroUsd: cost } });
  });

  it('asks for, and cancels, what is named by half of a character', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: '{"job":{"id":"a\\ud800","state":"waiting"}}' },
      { body: job({ state: 'done', result: [{ href: '/files/1' }] }) },
      { body: 'the file' },
    );
    const provider = httpProvider(settingsFor(server), secret, null);
    expect(await provider.generate(generationRequest(), collectingSink(), unstopped())).toMatchObject({ ok: true });
    expect(server.calls[1]?.path).toBe('/jobs/a%EF%BF%BD');
    await provider.cancel?.('a\ud800', unstopped());
    expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', path: '/jobs/a%EF%BF%BD' });
  });

  it('looks again where a look says nothing of the generation', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: job({ state: 'waiting' }) },
      { status: 404 },
      { body: '<html>a gateway</html>' },
      { status: 400 },
      { body: job({ state: 'done', result: [{ href: '/files/1' }] }) },
      { body: 'the file' },
    );
    const sink = collectingSink();
    const made = await httpProvider(settingsFor(server), secret, null).generate(generationRequest(), sink, unstopped());
    expect(made).toMatchObject({ ok: true });
    expect(sink.text()).toBe('the file');
  });

  it.each([
    ['an unreadable look', { body: '<html>a gateway</html>' }, 'network_look_failed'],
    ['an address that is not known', { status: 404 }, 'network_look_failed'],
    ['a look that is refused', { status: 422 }, 'network_look_failed'],
    ['a network that wants a login first', { status: 511 }, 'network_look_failed'],
    ['a key that is refused', { status: 401, body: job({ code: 'token_expired' }) }, 'http_401'],
  ])('leaves what was accepted to be collected after %s, however often', async (_name, answer, code) => {
    const server = await startRecordedServer();
    server.answer({ status: 202, body: job({ state: 'waiting' }) }, answer);
    const provider = httpProvider(settingsFor(server), secret, null);
    const made = await provider.generate(generationRequest(), collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing was made');
    const failure = { ...classifyFailure(made.error.evidence), fingerprint: 'f', at: new Date(0) };
    expect(failure.code).toBe(code);
    expect(unreceivedAcceptance(attemptedOnce({ acceptanceId: 'j/7', failure }))).toBe('j/7');
  });

  it.each([501, 511])('leaves what was made to be collected where its output is answered by %d', async (status) => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: job({ state: 'waiting' }) },
      { body: job({ state: 'done', result: [{ href: '/files/1' }] }) },
      { status },
    );
    const provider = httpProvider(settingsFor(server), secret, null);
    const made = await provider.generate(generationRequest(), collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing was made');
    const failure = { ...classifyFailure(made.error.evidence), fingerprint: 'f', at: new Date(0) };
    expect(unreceivedAcceptance(attemptedOnce({ acceptanceId: 'j/7', failure }))).toBe('j/7');
  });

  it('says that an output which is not there is no fault of the input', async () => {
    const server = await startRecordedServer();
    server.answer(
      { status: 202, body: job({ state: 'waiting' }) },
      { body: job({ state: 'done', units: 3, result: [{ href: '/files/1' }] }) },
      { status: 404 },
    );
    const provider = httpProvider(settingsFor(server), secret, null);
    const made = await provider.generate(generationRequest(), collectingSink(), unstopped());
    if (made.ok) throw new Error('nothing was made');
    expect(classifyFailure(made.error.evidence)).toMatchObject({ class: 'provider', code: 'output_gone' });
    expect(made.error.providerCostMicroUsd).toBe(600);
  });

  it('goes by the code of a call that was refused, too', async () => {
    const server = await startRecordedServer();
    server.answer({ status: 400, body: job({ code: 'unsafe', problem: 'No.' }) });
    const made = await httpProvider(settingsFor(server), secret, null).generate(
      generationRequest(),
      collectingSink(),
      unstopped(),
    );
    expect(made).toMatchObject({ ok: false, error: { evidence: { source: 'content_refusal', message: 'No.' } } });
  });

  it.each(['file:///etc/passwd', 'javascript:alert(1)', 7])('does not fetch an output at %s', async (href) => {
    const server = await startRecordedServer();
    server.answer({ status: 202, body: job({}) }, { body: job({ state: 'done', result: [{ href }] }) });
    const made = await httpProvider(settingsFor(server), secret, null).generate(
      generationRequest(),
      collectingSink(),
      unstopped(),
    );
    expect(made).toMatchObject({ ok: false, error: { evidence: { source: 'reply' } } });
  });

  it('shows its headers to its own server only', async () => {
    const [server, other] = [await startRecordedServer(), await startRecordedServer()];
    other.answer({ body: 'elsewhere' });
    const base = settingsFor(server);
    const provider = httpProvider({ ...base, read: { ...base.read, outputWithHeaders: true } }, secret, null);
    server.answer(
      { status: 202, body: job({}) },
      { body: job({ state: 'done', result: [{ href: `${other.url}/1` }] }) },
    );
    await provider.generate(generationRequest(), collectingSink(), unstopped());
    server.answer(
      { status: 202, body: job({}) },
      { body: job({ state: 'done', result: [{ href: '/1' }] }) },
      { body: 'own' },
    );
    await provider.generate(generationRequest(), collectingSink(), unstopped());
    expect(other.calls[0]?.headers.authorization).toBeUndefined();
    expect(server.calls.at(-1)?.headers.authorization).toBe('Bearer secret-of-maker-key');
  });

  it('collects, finds nothing where the generation is gone or cancelled, and cancels', async () => {
    const server = await startRecordedServer();
    const provider = httpProvider(settingsFor(server), secret, null);
    server.answer(
      { body: job({ state: 'done', result: [{ href: '/1' }] }) },
      { body: job({ state: 'done', result: [{ href: '/1' }] }) },
      { body: 'late' },
    );
    const sink = collectingSink();
    expect(await provider.collect?.('j/7', generationRequest(), sink, unstopped())).toMatchObject({ ok: true });
    expect(sink.text()).toBe('late');
    const before = server.calls.length;
    server.answer({ status: 410 });
    expect(await provider.collect?.('j/7', generationRequest(), sink, unstopped())).toBeNull();
    expect(server.calls.length - before).toBe(1);
    server.answer({ body: job({ state: 'cancelled' }) });
    expect(await provider.collect?.('j/7', generationRequest(), sink, unstopped())).toBeNull();
    await provider.cancel?.('j/7', unstopped());
    expect(server.calls.at(-1)).toMatchObject({ method: 'DELETE', path: '/jobs/j%2F7' });
  });
});

describe('a provider that calls back', () => {
  const desk = new CallbackDesk('http://runner.test:9/', 'desk-secret');
  const callingBack = (server: RecordedServer): HttpSettings =>
    settingsFor(server, {
      submit: { url: `${server.url}/make`, body: { callback: '{callbackUrl}' } },
      result: { how: 'callback' },
      read: { id: '/id', status: '/state', output: { at: '/text', as: 'text' } },
    });

  it('is told where, and its call is the result', async () => {
    const server = await startRecordedServer();
    server.answer((response, call) => {
      const { callback } = JSON.parse(call.body) as { callback: string };
      response.end(JSON.stringify({ id: 'a1' }), () => {
        expect(desk.receive('/callbacks/guessed', '{}')).toBe(false);
        expect(desk.receive(new URL(callback).pathname, JSON.stringify({ state: 'done', text: 'called' }))).toBe(true);
      });
    });
    const settings = callingBack(server);
    const sink = collectingSink();
    expect(await httpProvider(settings, secret, desk).generate(generationRequest(), sink, unstopped())).toMatchObject({
      ok: true,
    });
    expect(sink.text()).toBe('called');
    const { callback } = JSON.parse(server.calls[0]?.body ?? '') as { callback: string };
    expect(callback).toMatch(/^http:\/\/runner\.test:9\/callbacks\/[0-9a-f]{64}$/);
    expect(desk.receive(new URL(callback).pathname, '{}')).toBe(false);
  });

  it('may call before it is done, and what it calls about others is not taken for the result', async () => {
    const server = await startRecordedServer();
    const calls = [
      '{"state":',
      '{}',
      JSON.stringify({ id: 'a1', state: 'working' }),
      JSON.stringify({ id: 'a0', state: 'failed' }),
      JSON.stringify({ id: 'a1', state: 'done', text: 'the result' }),
    ];
    server.answer((response, call) => {
      const { callback } = JSON.parse(call.body) as { callback: string };
      for (const body of calls.slice(0, 2)) desk.receive(new URL(callback).pathname, body);
      response.end(JSON.stringify({ id: 'a1' }), () => {
        for (const body of calls.slice(2)) desk.receive(new URL(callback).pathname, body);
      });
    });
    const settings = callingBack(server);
    const sink = collectingSink();
    expect(await httpProvider(settings, secret, desk).generate(generationRequest(), sink, unstopped())).toMatchObject({
      ok: true,
    });
    expect(sink.text()).toBe('the result');
  });

  it('keeps no more calls than somebody will look at', () => {
    const expectation = desk.expect('p', 'g:many');
    const { pathname } = new URL(expectation.url);
    const taken = Array.from({ length: 20 }, () => desk.receive(pathname, '{}'));
    expect(taken.filter(Boolean)).toHaveLength(16);
    expectation.end();
    expect(desk.receive(pathname, '{}')).toBe(false);
  });

  it('is asked at once when it has called, where it can be asked', async () => {
    const server = await startRecordedServer();
    let isDone = false;
    server.answer((response, call) => {
      if (call.method === 'GET') {
        response.end(JSON.stringify({ id: 'a1', state: isDone ? 'done' : 'working', text: isDone ? 'asked' : null }));
        if (isDone) return;
        isDone = true;
        const { callback } = JSON.parse(server.calls[0]?.body ?? '') as { callback: string };
        // What a call says is not believed; that there was one lets the next question come at once.
        setImmediate(() => desk.receive(new URL(callback).pathname, JSON.stringify({ state: 'done', text: 'forged' })));
      } else response.end(JSON.stringify({ id: 'a1' }));
    });
    const settings = settingsFor(server, {
      submit: { url: `${server.url}/make`, body: { callback: '{callbackUrl}' } },
      result: { how: 'callback', look: { url: `${server.url}/jobs/{id}`, pollMs: 600_000 } },
      read: { id: '/id', status: '/state', output: { at: '/text', as: 'text' } },
    });
    const sink = collectingSink();
    expect(await httpProvider(settings, secret, desk).generate(generationRequest(), sink, unstopped())).toMatchObject({
      ok: true,
    });
    expect(sink.text()).toBe('asked');
  });

  it('is left where the attempt is stopped while it is asked about what it has called', async () => {
    const server = await startRecordedServer();
    const stop = new AbortController();
    let looks = 0;
    server.answer((response, call) => {
      if (call.method === 'POST') {
        response.end(JSON.stringify({ id: 'a1' }));
        return;
      }
      looks += 1;
      const { callback } = JSON.parse(server.calls[0]?.body ?? '') as { callback: string };
      if (looks === 1) {
        response.end(JSON.stringify({ id: 'a1', state: 'working' }));
        setImmediate(() => desk.receive(new URL(callback).pathname, '{}'));
      } else stop.abort('lease_lost');
    });
    const settings = settingsFor(server, {
      submit: { url: `${server.url}/make`, body: { callback: '{callbackUrl}' } },
      result: { how: 'callback', look: { url: `${server.url}/jobs/{id}`, pollMs: 600_000 } },
      read: { id: '/id', status: '/state', output: { at: '/text', as: 'text' } },
    });
    const made = await httpProvider(settings, secret, desk).generate(
      generationRequest(),
      collectingSink(),
      stop.signal,
    );
    expect(made).toMatchObject({ ok: false, error: { evidence: { source: 'cancelled' } } });
    expect(looks).toBe(2);
  });

  it('has the same address for the same purchase, and another one for another', () => {
    const urlOf = (provider: string, key: string): string => desk.expect(provider, key).url;
    expect(urlOf('p', 'g:1')).toBe(new CallbackDesk('http://runner.test:9', 'desk-secret').expect('p', 'g:1').url);
    expect(new Set([urlOf('p', 'g:1'), urlOf('p', 'g:2'), urlOf('q', 'g:1')]).size).toBe(3);
  });
});

describe('settings of such a provider', () => {
  it.each([
    ['an address with a placeholder of its body', { submit: { url: 'https://x/{model}/run', body: {} } }, 'submit.url'],
    ['an address that is none', { submit: { url: 'ftp://x/', body: {} } }, 'submit.url'],
    ['a pointer that is none', { read: { id: 'id', status: '/s', output: { at: '/o', as: 'text' } } }, 'read.id'],
    ['no status to look at', { read: { id: '/id', output: { at: '/o', as: 'text' } } }, 'read.status'],
    ['a field that is not known', { timeout: 5 }, ''],
  ])('with %s are refused at its place', async (_what, changes, path) => {
    const server = await startRecordedServer();
    const parsed = httpSettingsSchema.safeParse({ ...settingsFor(server), ...changes });
    expect(parsed.error?.issues[0]?.path.join('.')).toBe(path);
  });
});
