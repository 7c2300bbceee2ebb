import type { ReconciliationStore } from '#console/reconciliation/read-view.ts';
import { ok } from '#domain/result.ts';
import { AS_OF_MS } from './clean-job.ts';
import { SeededRandom } from './seeded-random.ts';
import type { World } from './world.ts';

/** Called between two reads, so that a test may move the world while it is being read. */
export interface WorldStoreHooks {
  /** Before the documents of a collection are read. */
  readonly before?: (collection: 'accounts' | 'jobs' | 'ledger') => void;
  /** Once everything was read, before anything is confirmed. */
  readonly beforeConfirming?: () => void;
}

/** A world as reconciliation reads it from a server: what is asked for now is as it is now. Documents come in random order. */
export function storeOfWorld(world: World, seed: number, hooks: WorldStoreHooks = {}): ReconciliationStore {
  const random = new SeededRandom(seed);
  let isConfirming = false;
  const confirm = (): void => {
    if (!isConfirming) hooks.beforeConfirming?.();
    isConfirming = true;
  };
  async function* iterate<Document>(documents: ReadonlyMap<string, Document>, signal?: AbortSignal) {
    for (const document of random.shuffled([...documents.values()])) {
      signal?.throwIfAborted();
      yield await Promise.resolve(document);
    }
  }
  return {
    topology: { kind: 'standalone', hasChangeStreams: false, server: 'a world in memory' },
    readPolicies: () => Promise.resolve(ok([])),
    serverNow: () => Promise.resolve(ok(new Date(AS_OF_MS))),
    readJob: (jobId) => {
      confirm();
      const job = world.jobs.get(jobId);
      return Promise.resolve(ok(job === undefined ? null : ({ type: 'job', job, document: { ...job } } as const)));
    },
    readAccount: (workspaceId) => {
      confirm();
      return Promise.resolve(ok(world.accounts.get(workspaceId) ?? null));
    },
    readGenerationEntries: (generationId) => {
      confirm();
      return Promise.resolve(ok([...world.ledger.values()].filter((entry) => entry.generationId === generationId)));
    },
    async *iterateJobs(signal) {
      hooks.before?.('jobs');
      for await (const job of iterate(world.jobs, signal)) yield { type: 'job', job, document: { ...job } };
    },
    async *iterateLedger(signal) {
      if (!isConfirming) hooks.before?.('ledger');
      yield* iterate(world.ledger, signal);
    },
    async *iterateAccounts(signal) {
      hooks.before?.('accounts');
      yield* iterate(world.accounts, signal);
    },
  };
}
