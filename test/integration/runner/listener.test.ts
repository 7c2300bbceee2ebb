import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunnerListener } from '#engine/listener/listener.ts';
import { RunnerMetrics } from '#engine/listener/metrics.ts';
import { wait } from '#engine/wait.ts';
import { CallbackDesk } from '#runner/callback-desk.ts';
import type { JobRunner } from '#runner/runner.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const TOKEN = 'listen-s3cret';
const AUTHORISED = { Authorization: `Bearer ${TOKEN}` };

/** The status of a call whose body never ends. */
function answeredWithoutBody(address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(address, { method: 'POST' }, ({ statusCode }) => {
      resolve(statusCode);
      call.destroy();
    });
    call.on('error', reject);
    call.write('{"state":');
  });
}

let deployment: RunnerDeployment;
let listener: RunnerListener;
let callbacks: CallbackDesk;
let runner: JobRunner | null;
let isConnected: boolean;
let url: string;
const open: AbortController[] = [];
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
  callbacks = new CallbackDesk('http://127.0.0.1', 'secret');
  [runner, isConnected] = [null, true];
  listener = new RunnerListener({
    port: 0,
    host: '127.0.0.1',
    token: TOKEN,
    status: () => runner?.status ?? null,
    isConnected: () => isConnected,
    metrics: new RunnerMetrics(
      () => runner?.status ?? null,
      () => isConnected,
    ),
    changes: () => (isConnected ? deployment.store.changes : null),
    callbacks,
    wait,
  });
  url = `http://127.0.0.1:${expectOk(await listener.start())}`;
});
afterEach(async () => {
  for (const stream of open.splice(0)) stream.abort();
  await listener.stop();
  await deployment.stop();
});

interface Heard {
  readonly id: string;
  readonly jobId: string;
  readonly workspaceId: string;
  readonly state: string;
}

/** Listens to events from now on, or behind the one that is named. */
async function listen(query = '', lastEventId?: string) {
  const stop = new AbortController();
  open.push(stop);
  const headers = { ...AUTHORISED, ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }) };
  const response = await fetch(`${url}/events${query}`, { headers, signal: stop.signal });
  const heard: Heard[] = [];
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString('utf8');
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) heard.push(JSON.parse(data) as Heard);
      }
    }
  })().catch(() => undefined);
  return {
    response,
    heard,
    statesOf: (id: string) => heard.filter(({ jobId }) => jobId === id).map(({ state }) => state),
    stop: () => stop.abort(),
    reading,
  };
}

describe('a runner that listens', () => {
  it.each([undefined, 'Bearer wrong', `Basic ${TOKEN}`, TOKEN])(
    'tells nothing to who brings %s',
    async (authorization) => {
      for (const path of ['/health', '/metrics', '/events', '/']) {
        const response = await fetch(`${url}${path}`, {
          headers: authorization === undefined ? {} : { authorization },
        });
        expect(response.status).toBe(401);
        expect(await response.text()).not.toContain(TOKEN);
      }
    },
  );

  it('is healthy while it runs and its server answers, and says so', async () => {
    const health = () => fetch(`${url}/health`, { headers: AUTHORISED });
    expect((await health()).status).toBe(503);
    runner = deployment.startRunner();
    const healthy = await health();
    expect(healthy.status).toBe(200);
    expect(await healthy.json()).toMatchObject({
      status: 'ok',
      isConnected: true,
      runner: { state: 'running', active: 0 },
    });
    isConnected = false;
    expect((await health()).status).toBe(503);
  });

  it('counts for Prometheus what it does', async () => {
    runner = deployment.startRunner();
    const response = await fetch(`${url}/metrics`, { headers: AUTHORISED });
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toContain('runledger_runner_state{state="running"} 1');
    expect(text).toContain('runledger_concurrency 4');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('tells each change of state once, in order, and only those of a workspace where one is named', async () => {
    const [all, ofOne] = [await listen(), await listen('?workspace=w2')];
    expect(all.response.headers.get('content-type')).toBe('text/event-stream');
    await deployment.order('w1', 1000, [{ id: 'j1', prompt: 'a secret prompt' }]);
    await deployment.order('w2', 1000, [{ id: 'j2', model: 'bad-input' }]);
    deployment.startRunner();
    const [one, two] = [await deployment.settled('j1', 'completed'), await deployment.settled('j2', 'failed')];
    await expect.poll(() => all.heard.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(5);
    // The builder's jobs were ordered long ago; what the runner did is new.
    expect(all.statesOf('j1')).toEqual(one.history.map(({ to }) => to).filter((to) => to !== 'queued'));
    expect(all.statesOf('j2')).toEqual(two.history.map(({ to }) => to).filter((to) => to !== 'queued'));
    await expect.poll(() => ofOne.heard.length, { timeout: 20_000 }).toBe(2);
    expect(ofOne.heard.every(({ workspaceId }) => workspaceId === 'w2')).toBe(true);
    expect(JSON.stringify(all.heard)).not.toContain('secret prompt');
  });

  it('goes on behind the event that was received last, so that none is missed', async () => {
    const first = await listen();
    await deployment.order('w1', 1000, [{ id: 'j1' }]);
    deployment.startRunner();
    await deployment.settled('j1', 'completed');
    await expect.poll(() => first.statesOf('j1'), { timeout: 20_000 }).toContain('completed');
    const last = first.heard.at(-1)?.id ?? '';
    first.stop();
    await first.reading;
    await deployment.order('w1', 0, [{ id: 'j2' }]);
    await deployment.settled('j2', 'completed');

    const second = await listen('', last);
    await expect.poll(() => second.statesOf('j2'), { timeout: 20_000 }).toEqual(['running', 'validating', 'completed']);
    expect(second.heard.map(({ id }) => id)).not.toContain(last);
    const again = await listen(`?lastEventId=${encodeURIComponent(last)}`);
    await expect.poll(() => again.statesOf('j2'), { timeout: 20_000 }).toEqual(['running', 'validating', 'completed']);
  });

  it('takes a callback that is waited for, without a token, and no other', async () => {
    const expectation = callbacks.expect('p', 'g:1');
    const { pathname } = new URL(expectation.url);
    const call = (path: string) => fetch(`${url}${path}`, { method: 'POST', body: '{"state":"done"}' });
    expect((await call('/callbacks/unknown')).status).toBe(404);
    expect(await answeredWithoutBody(`${url}/callbacks/unknown`)).toBe(404);
    expect((await call(pathname)).status).toBe(200);
    expect(await expectation.received(new AbortController().signal)).toBe('{"state":"done"}');
  });

  it('knows no other address, and changes nothing', async () => {
    expect((await fetch(`${url}/jobs`, { headers: AUTHORISED })).status).toBe(404);
    expect((await fetch(`${url}/health`, { method: 'DELETE', headers: AUTHORISED })).status).toBe(405);
  });
});
