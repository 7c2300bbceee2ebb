import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { PlanDesk } from '#console/retry/plan-desk.ts';
import { runPlan, type RunOrder } from '#console/retry/plan-run.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { PlanRecord } from '#domain/retry-plan/plan-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { wait } from './wait.ts';

/** What somebody at a window says of a run; the rest is this engine's. */
export type RunWish = Pick<RunOrder, 'planId' | 'by' | 'ramp' | 'limits' | 'typedCredits'>;

/** A plan that runs here, for whom, and what makes it be handed back. */
interface HostedRun {
  readonly by: Actor;
  readonly leaving: AbortController;
  readonly ended: Promise<Result<PlanRecord, AppError>>;
}

/** How often plans are looked for whose console is gone, in milliseconds. */
const RESUME_MS = 5000;

/** Runs plans of retries in this engine, whether or not a window is open, over one connection to the server. */
export class PlanHost {
  /** Where plans are made and looked at. */
  readonly desk: PlanDesk;
  readonly #store: Store;
  readonly #log: (line: string, cause?: unknown) => void;
  readonly #wait: typeof wait;
  readonly #holder = `${hostname().slice(0, 100)}-${randomUUID().slice(0, 8)}`;
  readonly #stopping = new AbortController();
  /** Ids of plans that cannot be read, each told once. */
  readonly #toldMalformed = new Set<string>();
  readonly #running = new Map<string, HostedRun>();

  constructor(parts: {
    readonly store: Store;
    readonly log: (line: string, cause?: unknown) => void;
    /** Waits between two looks; left out, by this machine's clock. */
    readonly wait?: typeof wait;
  }) {
    const { reader, bulk, plans, policies } = parts.store;
    this.#store = parts.store;
    this.#log = parts.log;
    this.#wait = parts.wait ?? wait;
    const newPlanId = (): string => randomBytes(8).toString('hex');
    this.desk = new PlanDesk({ reader, bulk, plans, policies, newPlanId });
  }

  /** Begins a plan or goes on with it. Answers as soon as it runs here, or with why it does not; errors of `runPlan`. */
  start(wish: RunWish): Promise<Result<PlanRecord, AppError>> {
    if (this.#running.has(wish.planId)) return this.desk.read(wish.planId);
    const begun = Promise.withResolvers<Result<PlanRecord, AppError>>();
    const leaving = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, leaving.signal]);
    const ended = this.#run(wish, signal, (plan) => begun.resolve(ok(plan))).finally(() =>
      this.#running.delete(wish.planId),
    );
    this.#running.set(wish.planId, { by: wish.by, leaving, ended });
    // One that is over, or refused, before it has told anything answers with that.
    return Promise.race([begun.promise, ended]);
  }

  async #run(
    wish: RunWish,
    signal: AbortSignal,
    onProgress: RunOrder['onProgress'],
  ): Promise<Result<PlanRecord, AppError>> {
    const parts = { ...this.#store, wait };
    const order = { ...wish, holder: this.#holder, signal, onProgress };
    try {
      const done = await runPlan(parts, order);
      if (!done.ok) this.#log(`plan ${wish.planId} does not run here any more`, done.error);
      return done;
    } catch (cause) {
      // Nobody waits for a run that has begun: thrown on, a defect would end the engine where plans are kept up, or be heard of nowhere.
      this.#log(`plan ${wish.planId} failed unexpectedly`, cause);
      return err(appError('internal', `plan ${wish.planId}`));
    }
  }

  /**
   * Goes on with what this person's plans left running where a console ended or died, until `stop`: a console that died keeps
   * its right to run a plan for some seconds, so that one look at the beginning would be too early. What runs here for somebody who may
   * run no plans any more is handed back, for whoever may.
   * @param who asked at each look: this person, null while they may run no plans
   */
  async keepUp(who: () => Actor | null): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const by = who();
      this.#leaveOthers(by);
      if (by !== null) await this.#resume(by);
      await this.#wait(RESUME_MS, signal);
    }
  }

  #leaveOthers(by: Actor | null): void {
    for (const [planId, run] of this.#running) {
      if (run.by.id === by?.id || run.leaving.signal.aborted) continue;
      this.#log(`plan ${planId} is left, because ${run.by.id} may run no plans here any more`);
      run.leaving.abort();
    }
  }

  async #resume(by: Actor): Promise<void> {
    const running = await this.#store.plans.list(['running']);
    if (!running.ok) return;
    const { values, malformed } = running.value;
    for (const { id, problem } of malformed) this.#tellMalformed(id, problem);
    if (values.length === 0) return;
    const now = await this.#store.reader.serverNow();
    if (!now.ok) return;
    for (const { _id, run, lease } of values) {
      const isFree = lease === null || lease.expiresAt <= now.value;
      if (run === null || !isFree || run.by.id !== by.id) continue;
      await this.start({ planId: _id, by, ramp: run.ramp, limits: run.limits, typedCredits: null });
    }
  }

  #tellMalformed(id: string, problem: string): void {
    if (this.#toldMalformed.has(id)) return;
    this.#toldMalformed.add(id);
    this.#log(`plan ${id} is not gone on with, because it cannot be read: ${problem}`);
  }

  /** Hands back what runs here, for whoever goes on with it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
  }
}
