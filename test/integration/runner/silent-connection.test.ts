import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { ok } from '#domain/result.ts';
import { runnerLimitsSchema } from '#domain/runner-limits.ts';
import type { Provider } from '#runner/provider.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { PAGE, RunnerDeployment } from '../../support/runner-deployment.ts';
import { startSilencingProxy, type SilencingProxy } from '../../support/silencing-proxy.ts';

const LEASE_MS = 5000;

let proxy: SilencingProxy;
let deployment: RunnerDeployment;

beforeEach(async () => {
  deployment = await RunnerDeployment.start(async (uri) => {
    proxy = await startSilencingProxy(uri);
    return proxy.uri;
  });
});
afterEach(async () => {
  await proxy.stop();
  await deployment.stop();
});

/** Lets a connection go silent, and hands its page over after that many milliseconds. */
function silencingProvider(request: string, takesMs: number): Provider {
  return {
    name: 'demo',
    generate: async (_request, sink) => {
      proxy.swallowNext(request);
      await delay(takesMs);
      await sink.write(PAGE);
      return ok({ providerCostMicroUsd: 0 });
    },
  };
}

it.each([
  ['what it writes of the result', 'completed', 0],
  ['a heartbeat of a long generation', 'lease.heartbeatAt', 2 * LEASE_MS],
  ["what it keeps of a fleet's limit meanwhile", 'holders', 2 * LEASE_MS],
])('a runner ends its job, and charges once, where %s is never answered', async (_what, request, takesMs) => {
  const limits = runnerLimitsSchema.parse({ concurrency: { total: 5 } });
  expectOk(await deployment.store.writer.setLimits(limits, 0, { type: 'user', id: 'u1' }));
  await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 300 }]);
  const providers = [silencingProvider(request, takesMs)];
  const runner = deployment.startRunner({ providers, concurrency: 1, leaseMs: LEASE_MS });
  expect((await deployment.reached('j1', 'completed')).attempts).toHaveLength(1);
  await runner.drain();
  const books = await deployment.readBooks();
  expect(books.ledger.filter(({ jobId }) => jobId === 'j1').map(({ type }) => type)).toEqual(['reserve', 'capture']);
  expect(findViolations(books)).toEqual([]);
});
