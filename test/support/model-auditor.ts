import { judgeHolds, sweepHolds } from '#console/holds.ts';
import { parseJob } from '#domain/job.ts';
import { creditAccountSchema, ledgerEntrySchema } from '#domain/ledger.ts';
import { ok } from '#domain/result.ts';
import { cloned } from './model-collections.ts';
import type { ModelProcess, ModelWorld } from './model-world.ts';

const ACTOR = { type: 'user', id: 'auditor' } as const;

/**
 * Somebody who sweeps reservations that nobody needs, however young, and is slow about it: what was read is old when it is acted
 * upon. Where nothing is broken there is nothing to give back, and no hold that is needed may be lost to it.
 */
export async function auditorProcess(world: ModelWorld, process: ModelProcess): Promise<void> {
  for (let rounds = world.random.between(1, 3); rounds > 0; rounds -= 1) {
    await process.wait(world.random.between(0, 30_000));
    const judged = await judgeHolds(slowReader(world, process), { ageMsMin: 0, signal: new AbortController().signal });
    if (!judged.ok) continue;
    await process.wait(world.random.between(0, 5000));
    await sweepHolds(process.store, judged.value.holds, { actor: ACTOR, now: new Date(world.deployment.nowMs) });
  }
}

function slowReader(world: ModelWorld, process: ModelProcess): Parameters<typeof judgeHolds>[0] {
  const { jobs, accounts, ledger } = world.deployment;
  const pause = (): Promise<void> => process.wait(world.random.between(0, 2000));
  return {
    serverNow: () => Promise.resolve(ok(new Date(world.deployment.nowMs))),
    iterateAccounts: async function* () {
      for (const id of accounts.documents.keys()) {
        await pause();
        yield creditAccountSchema.parse(cloned(accounts.documents.get(id)));
      }
    },
    readGenerationEntries: async (generationId) => {
      await pause();
      const entries = [...ledger.documents.values()].filter((entry) => entry['generationId'] === generationId);
      return ok(entries.map((entry) => ledgerEntrySchema.parse(cloned(entry))));
    },
    readJob: async (jobId) => {
      await pause();
      const document = jobs.documents.get(jobId);
      if (document === undefined) return ok(null);
      const parsed = parseJob(cloned(document));
      return ok(
        parsed.ok
          ? { type: 'job', job: parsed.value, document }
          : { type: 'malformed', malformed: parsed.error, document },
      );
    },
  };
}
