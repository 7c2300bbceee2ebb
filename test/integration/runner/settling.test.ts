import { afterEach, beforeEach, expect, it } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { ok } from '#domain/result.ts';
import type { Provider } from '#runner/provider.ts';
import { startCuttingProxy, type CuttingProxy } from '../../faults/cutting-proxy.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { PAGE, RunnerDeployment } from '../../support/runner-deployment.ts';

/** MongoDB's MaxTimeMSExpired: an error that the driver hands on. */
const TIMED_OUT = 50;

let proxy: CuttingProxy;
let deployment: RunnerDeployment;

beforeEach(async () => {
  deployment = await RunnerDeployment.start(async (serverUri) => {
    const uri = new URL(serverUri);
    proxy = await startCuttingProxy(Number(uri.port));
    uri.port = String(proxy.port);
    return uri.href;
  });
});
afterEach(async () => {
  await deployment.stop();
  await proxy.stop();
});

/** Has its page ready, and lets the next entries for the ledger be refused before it hands it over. */
function refusingProvider(refusals: number): Provider {
  return {
    name: 'demo',
    generate: async (request, sink) => {
      await sink.accepted(request.idempotencyKey);
      for (let n = 0; n < refusals; n += 1) proxy.refuseNext('insert', TIMED_OUT);
      await sink.write(PAGE);
      return ok({ providerCostMicroUsd: 0 });
    },
  };
}

async function runOne(refusals: number): Promise<void> {
  await deployment.order('w1', 1000, [{ id: 'j1', priceCredits: 300 }]);
  const runner = deployment.startRunner({ providers: [refusingProvider(refusals)], concurrency: 1 });
  await deployment.reached('j1', 'completed');
  await runner.drain();
}

it('a runner that drains settles what the server refused to settle the first times', async () => {
  await runOne(2);
  expect(proxy.refusals().get('insert')).toBe(2);
  const books = await deployment.readBooks();
  expect(books.jobs).toMatchObject([{ billing: { status: 'charged', captured: 300, reserved: 0, pending: [] } }]);
  expect(books.ledger.filter(({ jobId }) => jobId === 'j1').map(({ type }) => type)).toEqual(['reserve', 'capture']);
  expect(findViolations(books)).toEqual([]);
});

it('a runner whose server refuses again and again ends all the same, and what is owed stays owed for a sweep', async () => {
  await runOne(50);
  proxy.relent();
  expect((await deployment.readBooks()).jobs).toMatchObject([{ billing: { pending: [{ type: 'capture' }] } }]);
  expectOk(await deployment.store.writer.sweep({ limit: 10, olderThanMs: 0, isDryRun: false }));
  const books = await deployment.readBooks();
  expect(books.jobs).toMatchObject([{ billing: { status: 'charged', captured: 300, pending: [] } }]);
  expect(findViolations(books)).toEqual([]);
});
