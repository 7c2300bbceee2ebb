import type { Db } from 'mongodb';
import { runPlan } from '#console/retry/plan-run.ts';
import { plannedCredits, type PlanRecord } from '#domain/retry-plan/plan-record.ts';
import { wait } from '#engine/wait.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { measured } from './measure.ts';

interface BareJob {
  readonly _id: string;
  readonly state: string;
  readonly failure: null;
  readonly updatedAt: Date;
  readonly version: number;
}

/** Rounds in which a run and bare updates take turns, so that both meet the same machine. */
const TURNS = 5;
/** As many as a run begins between two writes of its plan. */
const UPDATED_AT_ONCE = 200;

/** Jobs a second, in one turn. */
export interface RunRates {
  readonly begunPerSecond: number;
  readonly bareUpdatesPerSecond: number;
}

/**
 * Lets a run begin so many jobs, in turns with bare updates of as many others.
 * @param ids the jobs of the plan in its order: the run takes them from the front, the bare updates from the end
 */
export async function measureRun(
  store: Store,
  db: Db,
  plan: PlanRecord,
  ids: readonly string[],
  jobs: number,
): Promise<readonly RunRates[]> {
  const inTurn = Math.floor(jobs / TURNS);
  const others = ids.slice(-inTurn * TURNS);
  const perSecond = (ms: number): number => Math.round((inTurn * 1000) / ms);
  const rates: RunRates[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const run = await measured(() => beginUpTo(store, plan, (turn + 1) * inTurn));
    const some = others.slice(turn * inTurn, (turn + 1) * inTurn);
    const bare = await measured(() => updateBare(db, some));
    rates.push({ begunPerSecond: perSecond(run.ms), bareUpdatesPerSecond: perSecond(bare.ms) });
  }
  return rates;
}

/** Runs a plan until it has begun so many jobs altogether; nobody works on them. */
async function beginUpTo(store: Store, plan: PlanRecord, jobs: number): Promise<void> {
  const enough = new AbortController();
  expectOk(
    await runPlan(
      { ...store, wait },
      {
        planId: plan._id,
        by: plan.proposed.by,
        ramp: [plan.totals.jobs],
        limits: { failureRateMax: 1, endedMin: 1, spendCreditsMax: Number.MAX_SAFE_INTEGER },
        typedCredits: plannedCredits(plan),
        holder: 'bench',
        signal: enough.signal,
        onProgress: ({ run }) => {
          if ((run?.position ?? 0) >= jobs) enough.abort();
        },
      },
    ),
  );
}

/** What a script would do: sets the state of jobs, by id, in batches, with nothing read and nothing noted. */
async function updateBare(db: Db, ids: readonly string[]): Promise<void> {
  const collection = db.collection<BareJob>('jobs', { writeConcern: { w: 'majority', j: true } });
  for (let start = 0; start < ids.length; start += UPDATED_AT_ONCE) {
    const operations = ids.slice(start, start + UPDATED_AT_ONCE).map((_id) => ({
      updateOne: {
        filter: { _id },
        update: { $set: { state: 'queued', failure: null, updatedAt: new Date() }, $inc: { version: 1 } },
      },
    }));
    await collection.bulkWrite(operations, { ordered: false });
  }
}
