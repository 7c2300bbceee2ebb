import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { SeededRandom } from '../../support/model-random.ts';
import { POISON } from '../../faults/poison.ts';
import { startRunnerProcess, type KillableProcess } from '../../faults/processes.ts';
import { startSellingProvider, type SellingProvider } from '../../faults/selling-provider.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const LEASE_MS = 1500;
const ATTEMPTS = 2;
const POLLING = { timeout: 90_000, interval: 200 };

let deployment: RunnerDeployment;
let seller: SellingProvider;
let runner: KillableProcess | null = null;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
  seller = await startSellingProvider(new SeededRandom(1));
  seller.relent();
});
afterEach(async () => {
  await runner?.kill();
  await seller.stop();
  await deployment.stop();
});

/** True for a runner that holds a lease which has run out: it does nothing any more. */
async function isSilent(pid: number): Promise<boolean> {
  const nodes = expectOk(await deployment.store.reader.listRunners()).values;
  const ids = nodes.filter((node) => node.pid === pid).map(({ _id }) => _id);
  const { jobs } = await deployment.readBooks();
  return jobs.some(
    ({ lease }) => lease !== null && ids.includes(lease.runnerId) && lease.expiresAt.getTime() < Date.now(),
  );
}

/** What a machine's supervisor does: starts a runner that has ended again, and ends one that is not heard of any more. */
async function supervise(): Promise<void> {
  if (runner !== null && !runner.isGone() && (await isSilent(runner.pid))) await runner.kill();
  if (runner !== null && !runner.isGone()) return;
  const { uri, dbName } = deployment.server;
  runner = startRunnerProcess({
    uri,
    dbName,
    mapping: null,
    providerUrl: seller.baseUrl,
    artefactDir: deployment.folder,
    skewMs: 0,
    leaseMs: LEASE_MS,
    concurrency: 1,
    doom: null,
  });
}

describe('a job that takes down whoever runs it', () => {
  it.each(Object.entries(POISON))(
    'by a %s is set aside after its attempts, its credits given back, and the others are made',
    async (_how, prompt) => {
      const options = { requiredParts: ['title', 'main'] };
      await deployment.order('w1', 1000, [
        { id: 'poisonous', prompt, priority: 1, maxAttempts: ATTEMPTS, priceCredits: 70, options },
        { id: 'sound', priceCredits: 50, options },
      ]);
      await expect
        .poll(async () => {
          await supervise();
          const jobs = await Promise.all(['poisonous', 'sound'].map((id) => deployment.jobOf(id)));
          return jobs.map(({ state, billing }) => [state, billing.pending.length]);
        }, POLLING)
        .toEqual([
          ['failed', 0],
          ['completed', 0],
        ]);
      const poisonous = await deployment.jobOf('poisonous');
      expect(poisonous.attempts).toHaveLength(ATTEMPTS);
      expect(poisonous.failure).toMatchObject({ code: 'lease_expired' });
      expect(await deployment.ledgerOf('poisonous')).toEqual([
        ['reserve', 70],
        ['release', 70],
      ]);
      expect(findViolations(await deployment.readBooks())).toEqual([]);
    },
  );
});
