import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { jobMappingSchema } from '#domain/mapping/job-mapping.ts';
import { wait } from '#engine/wait.ts';
import { ArtefactFolder } from '#runner/artefacts.ts';
import { JobRunner } from '#runner/runner.ts';
import { openProcessStore } from '#store/process-store.ts';
import { doomedStore, doomSchema } from './doom.ts';
import { FAULT_POLICY, FAULT_PROVIDER } from './fault-jobs.ts';
import { poisonable } from './poison.ts';
import { fixedPolicy } from '../support/fixed-policy.ts';
import { endWithParent } from '../support/end-with-parent.ts';
import { keepCompiled } from './keep-compiled.ts';
import { orderingProvider } from './ordering-provider.ts';

/** What a runner process is told, as JSON in its only argument. */
const runnerOrderSchema = z.object({
  uri: z.string(),
  dbName: z.string(),
  /** How the documents stand there; null where they have Runledger's own names. */
  mapping: jobMappingSchema.nullable(),
  providerUrl: z.string(),
  artefactDir: z.string(),
  /** By how much the machine's clock is wrong, in milliseconds. */
  skewMs: z.number(),
  leaseMs: z.number(),
  concurrency: z.number(),
  /** Where the process dies by itself; null where it does not. */
  doom: doomSchema.nullable(),
});
export type RunnerOrder = z.infer<typeof runnerOrderSchema>;

const CONNECT_RETRY_MS = 100;

/** One runner as a process that can be killed; it works until then. */
async function work(order: RunnerOrder): Promise<void> {
  for (;;) {
    const store = await openProcessStore({
      uri: order.uri,
      dbName: order.dbName,
      ...(order.mapping === null ? {} : { mapping: order.mapping }),
      appName: 'runledger-faults',
      connectTimeoutMs: 2000,
    });
    if (!store.ok) {
      await delay(CONNECT_RETRY_MS);
      continue;
    }
    const { doom } = order;
    const { writer } = store.value;
    new JobRunner({
      runnerId: `faults-${randomUUID().slice(0, 8)}`,
      store: doom === null ? writer : doomedStore(writer, doom, () => process.kill(process.pid, 'SIGKILL')),
      providers: [poisonable(orderingProvider(FAULT_PROVIDER, order.providerUrl))],
      artefacts: new ArtefactFolder(order.artefactDir),
      policies: fixedPolicy(FAULT_POLICY),
      concurrency: order.concurrency,
      host: hostname(),
      pid: process.pid,
      version: '0',
      leaseMs: order.leaseMs,
      random: Math.random,
      monotonicMs: () => performance.now(),
      now: () => new Date(Date.now() + order.skewMs),
      wait,
    }).start();
    return;
  }
}

if (import.meta.main) {
  endWithParent();
  keepCompiled();
  await work(runnerOrderSchema.parse(JSON.parse(process.argv[2] ?? '')));
}
