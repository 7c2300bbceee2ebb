import fc from 'fast-check';
import { postEntries } from '#domain/account-posting.ts';
import { owedForReservation, settlePending } from '#domain/charge.ts';
import type { Books } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';
import { entryFromPending, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { applyChange, planChange } from '#domain/transition.ts';
import { grant, queuedJob } from './job-builder.ts';
import { jobEvent } from './model-walk.ts';
import type { JobEvent } from '#domain/transition.ts';

/** Where whoever posts entries dies: nowhere, before the ledger, or before the job. */
export type Death = 'none' | 'before ledger' | 'before job';

/** One thing that happens to a job's money. `stale` settles what the job owed so many steps ago. */
export type MoneyStep =
  | { readonly type: 'event'; readonly event: JobEvent }
  | { readonly type: 'reserve' }
  | { readonly type: 'settle'; readonly death: Death; readonly stale: number }
  | { readonly type: 'grant'; readonly credits: number };

export const moneyStep: fc.Arbitrary<MoneyStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('event' as const), event: jobEvent }) },
  { weight: 3, arbitrary: fc.constant({ type: 'reserve' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('settle' as const),
      death: fc.constantFrom<Death>('none', 'none', 'before ledger', 'before job'),
      stale: fc.nat({ max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('grant' as const), credits: fc.nat({ max: 200 }) }) },
);

const AT = new Date('2026-10-01T09:00:00Z');
const WORKSPACE = 'w1';

/** One job, its account and its ledger, with the charge protocol in plain values: what the store does, without a server. */
export class MoneyModel {
  job: Job = queuedJob({ id: 'j1', priceCredits: 100, workspaceId: WORKSPACE });
  account: CreditAccount = { _id: WORKSPACE, available: 0, held: 0, holds: {}, posting: {}, version: 0 };
  readonly ledger = new Map<string, LedgerEntry>();
  readonly #past: Job[] = [];
  #grants = 0;
  #generations = 1;

  take(step: MoneyStep): void {
    this.#past.push(this.job);
    switch (step.type) {
      case 'event':
        return this.#happen(step.event);
      case 'reserve':
        return this.#intendReservation();
      case 'settle':
        return this.#settle(this.#past.at(-1 - step.stale) ?? this.job, step.death);
      case 'grant':
        this.#grants += 1;
        this.#post([grant(WORKSPACE, step.credits, this.#grants)], 'none');
    }
  }

  /** Posts whatever is still owed, as a sweep does. */
  rest(): void {
    this.#post(Object.values(this.account.posting), 'none');
    this.#settle(this.job, 'none');
  }

  books(): Books {
    return { jobs: [this.job], accounts: [this.account], ledger: [...this.ledger.values()] };
  }

  #happen(event: JobEvent): void {
    const { billing } = this.job;
    const isPayable = billing.pending.length === 0 && (billing.price === 0 || billing.reserved > 0);
    if (event.type === 'claim' && !isPayable) return;
    const fresh = event.type === 'requeue' ? { ...event, generationId: `g-${(this.#generations += 1)}` } : event;
    const context = { actor: { type: 'runner', id: 'r1' }, reason: 'test', policyVersion: 1 } as const;
    const planned = planChange(this.job, fresh, context);
    if (planned.ok) this.job = applyChange(this.job, planned.value, AT) ?? this.job;
  }

  #intendReservation(): void {
    if (this.job.state !== 'queued') return;
    const actor = { type: 'system', id: 'reservation' } as const;
    const owed = owedForReservation(this.job.billing).map((entry) => ({ ...entry, attempt: 0, at: AT, actor }));
    const pending = [...this.job.billing.pending, ...owed];
    this.job = { ...this.job, billing: { ...this.job.billing, pending } };
  }

  #settle(read: Job, death: Death): void {
    const { generationId, pending } = read.billing;
    const entries = pending.map((one) =>
      entryFromPending(one, { _id: read._id, workspaceId: WORKSPACE, generationId }),
    );
    const refused = this.#post(entries, death);
    if (death !== 'none') return;
    for (const entry of entries) {
      const isStillOwed = this.job.billing.pending.some((one) => one.key === entry._id);
      if (!isStillOwed) continue;
      if (refused.get(entry._id) === 'insufficient_credit') {
        const blocked = { neededCredits: entry.credits, at: AT };
        this.job = { ...this.job, billing: { ...this.job.billing, blocked } };
      } else if (!refused.has(entry._id)) {
        this.job = { ...this.job, billing: settlePending(this.job.billing, entry._id) };
      }
    }
  }

  #post(entries: readonly LedgerEntry[], death: Death): Map<string, string> {
    const { account, outcomes } = postEntries(this.account, entries, this.ledger);
    this.account = account;
    if (death === 'before ledger') return new Map();
    const posting = { ...this.account.posting };
    for (const outcome of outcomes) {
      if (outcome.type !== 'applied' && outcome.type !== 'in_posting') continue;
      this.ledger.set(outcome.entry._id, outcome.entry);
      delete posting[outcome.entry._id];
    }
    this.account = { ...this.account, posting };
    return new Map(outcomes.flatMap((one) => (one.type === 'refused' ? [[one.entry._id, one.code] as const] : [])));
  }
}
