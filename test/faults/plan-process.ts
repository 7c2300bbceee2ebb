import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { runPlan } from '#console/retry/plan-run.ts';
import { wait } from '#engine/wait.ts';
import { jobMappingSchema } from '#domain/mapping/job-mapping.ts';
import { openProcessStore } from '#store/process-store.ts';
import { endWithParent } from '../support/end-with-parent.ts';
import { keepCompiled } from './keep-compiled.ts';

/** What a console's process is told. */
const consoleOrderSchema = z.object({
  uri: z.string(),
  dbName: z.string(),
  /** How the documents stand there; null where they have Runledger's own names. */
  mapping: jobMappingSchema.nullable(),
  planId: z.string(),
  holder: z.string(),
});
export type ConsoleOrder = z.infer<typeof consoleOrderSchema>;

const RETRY_MS = 100;
/** A run that is not over goes on in steps of so many jobs. */
const RAMP = [3, 7];

/** A console that runs one plan as a process that can be killed: it goes on until the plan is over, whatever the server answers. */
async function run(order: ConsoleOrder): Promise<void> {
  for (;;) {
    const store = await openProcessStore({
      uri: order.uri,
      dbName: order.dbName,
      ...(order.mapping === null ? {} : { mapping: order.mapping }),
      appName: 'runledger-faults-console',
      connectTimeoutMs: 2000,
    });
    if (store.ok) {
      const done = await runPlan(
        { ...store.value, wait: (_ms, signal) => wait(RETRY_MS, signal) },
        {
          planId: order.planId,
          by: { type: 'user', id: order.holder },
          ramp: RAMP,
          limits: { failureRateMax: 1, endedMin: 1, spendCreditsMax: 1_000_000_000 },
          typedCredits: null,
          holder: order.holder,
          signal: new AbortController().signal,
          onProgress: () => undefined,
        },
      );
      await store.value.close();
      if (done.ok || done.error.code === 'illegal_transition') return;
      // A lease of a console that was killed runs out; a server that was killed comes back.
      process.stderr.write(`${order.holder}: ${done.error.code} ${done.error.detail ?? ''}\n`);
    }
    await delay(RETRY_MS);
  }
}

if (import.meta.main) {
  endWithParent();
  keepCompiled();
  await run(consoleOrderSchema.parse(JSON.parse(process.argv[2] ?? '')));
}
