import { shownCredits } from '../credits.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import {
  isActedOn,
  judgeSubject,
  planGroupSchema,
  type PlanGroup,
  type PlanItem,
  type PlanSubject,
} from './plan-item.ts';
import type { PlanTotals, WorkspaceTotals } from './plan-record.ts';

/** The most jobs that one plan holds. */
export const PLAN_JOBS_MAX = 100_000;
/** The workspaces that a plan's totals name; those with the most at stake. */
const WORKSPACES_NAMED_MAX = 200;

/** What earlier jobs tell of one more attempt. */
export interface PlanExperience {
  /** Micro-USD an attempt of this kind and model cost at the latest, null where nobody knows. */
  costOf(kind: string, model: string): number | null;
  /** How many retries of such a failure there were, and how many of them completed. */
  rateOf(subject: PlanSubject): { readonly retried: number; readonly succeeded: number };
  /** What the figures rest on, for people. */
  readonly basis: string;
}

/** Everything that a plan is made from, beside the jobs. */
export interface PlanFacts {
  readonly policy: RetryPolicy;
  /** Given for all jobs; empty where none was given. */
  readonly reason: string;
  readonly experience: PlanExperience;
  /** What a workspace has available; 0 where it has no account. */
  availableOf(workspaceId: string): number;
  /** Another job of the workspace with the same input that is on its way; null where there is none. */
  liveWithInput(subject: PlanSubject): string | null;
  /** True where results that providers accepted to make are collected too, each for its job's price. */
  readonly isCollecting: boolean;
}

interface Sums {
  jobs: number;
  credits: number;
}

/**
 * A plan in the making: jobs go in one by one, and come out as frozen items. Each workspace pays for its jobs in their order, as
 * far as its balance goes. The same jobs and facts make the same plan.
 */
export class PlanDraft {
  readonly #facts: PlanFacts;
  readonly #groups: Record<PlanGroup, Sums>;
  readonly #workspaces = new Map<string, WorkspaceTotals & { left: number }>();
  readonly #taken = new Set<string>();
  #withExperience = 0;
  #expected = 0;
  #withoutExperience = 0;
  #sameInput = 0;
  #collectCost = 0;
  #collectWithoutCost = 0;

  constructor(facts: PlanFacts) {
    this.#facts = facts;
    const sums = planGroupSchema.options.map((group) => [group, { jobs: 0, credits: 0 }] as const);
    // Object.fromEntries forgets the names that it was given (microsoft/TypeScript#35745).
    this.#groups = Object.fromEntries(sums) as Record<PlanGroup, Sums>;
  }

  /** Takes a job in; null where it is in the plan already. */
  add(subject: PlanSubject): PlanItem | null {
    if (this.#taken.has(subject.jobId)) return null;
    this.#taken.add(subject.jobId);
    const judged = this.#withBalance(subject, judgeSubject(subject, this.#facts.policy, this.#facts.reason));
    const costMicroUsd = this.#facts.experience.costOf(subject.kind, subject.model);
    const { jobId, version, workspaceId, state, failureClass, chargeStatus, priceCredits } = subject;
    const item: PlanItem = {
      jobId,
      version,
      workspaceId,
      state,
      failureClass,
      chargeStatus,
      priceCredits,
      costMicroUsd,
      sameInputAs: this.#facts.liveWithInput(subject),
      ...judged,
    };
    this.#count(item, subject);
    return item;
  }

  /** Takes an id in that stands for no job that can be read; null where it is in the plan already. */
  addUnreadable(jobId: string, why: string): PlanItem | null {
    if (this.#taken.has(jobId)) return null;
    this.#taken.add(jobId);
    this.#groups.unreadable.jobs += 1;
    const nothing = {
      version: 0,
      workspaceId: '',
      state: null,
      failureClass: null,
      priceCredits: 0,
      costMicroUsd: null,
      sameInputAs: null,
    };
    return { jobId, ...nothing, chargeStatus: 'unknown', group: 'unreadable', why };
  }

  /** The sums of what was taken in so far. */
  totals(): PlanTotals {
    const all = [...this.#workspaces.values()].toSorted(
      (left, right) =>
        stakeOf(right) - stakeOf(left) ||
        right.insufficientCredits - left.insufficientCredits ||
        (left.workspaceId < right.workspaceId ? -1 : 1),
    );
    return {
      jobs: this.#taken.size,
      groups: this.#groups,
      workspaces: all.slice(0, WORKSPACES_NAMED_MAX).map(({ left: _left, ...totals }) => totals),
      workspacesInAll: all.length,
      costMicroUsd: all.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0),
      jobsWithoutCost: all.reduce((sum, { jobsWithoutCost }) => sum + jobsWithoutCost, 0),
      sameInputJobs: this.#sameInput,
      collect: { costMicroUsdMax: this.#collectCost, jobsWithoutCost: this.#collectWithoutCost },
      estimate: {
        succeed: Math.round(this.#expected),
        ofJobs: this.#withExperience,
        withoutExperience: this.#withoutExperience,
        basis: this.#facts.experience.basis,
      },
    };
  }

  #withBalance(
    subject: PlanSubject,
    judged: { readonly group: PlanGroup; readonly why: string },
  ): { readonly group: PlanGroup; readonly why: string } {
    const workspace = this.#workspace(subject.workspaceId);
    if (!isActedOn(judged.group, this.#facts.isCollecting)) return judged;
    if (subject.priceCredits > workspace.left) {
      const why = `The workspace has ${shownCredits(workspace.left)} credits left beside the jobs before it; it needs ${shownCredits(subject.priceCredits)}.`;
      return { group: 'insufficient_credit', why };
    }
    workspace.left -= subject.priceCredits;
    return judged;
  }

  #workspace(workspaceId: string): WorkspaceTotals & { left: number } {
    const known = this.#workspaces.get(workspaceId);
    if (known !== undefined) return known;
    const availableCredits = this.#facts.availableOf(workspaceId);
    const fresh = {
      workspaceId,
      availableCredits,
      left: availableCredits,
      costMicroUsd: 0,
      jobsWithoutCost: 0,
      eligibleJobs: 0,
      eligibleCredits: 0,
      collectJobs: 0,
      collectCredits: 0,
      insufficientJobs: 0,
      insufficientCredits: 0,
      otherJobs: 0,
    };
    this.#workspaces.set(workspaceId, fresh);
    return fresh;
  }

  #count(item: PlanItem, subject: PlanSubject): void {
    const sums = this.#groups[item.group];
    sums.jobs += 1;
    sums.credits += item.priceCredits;
    const workspace = this.#workspace(item.workspaceId);
    if (item.group === 'eligible') {
      workspace.eligibleJobs += 1;
      workspace.eligibleCredits += item.priceCredits;
      if (item.costMicroUsd === null) workspace.jobsWithoutCost += 1;
      else workspace.costMicroUsd += item.costMicroUsd;
      if (item.sameInputAs !== null) this.#sameInput += 1;
      this.#expect(subject);
    } else if (item.group === 'collect_first' && this.#facts.isCollecting) {
      workspace.collectJobs += 1;
      workspace.collectCredits += item.priceCredits;
      if (item.costMicroUsd === null) this.#collectWithoutCost += 1;
      else this.#collectCost += item.costMicroUsd;
    } else if (item.group === 'insufficient_credit') {
      workspace.insufficientJobs += 1;
      workspace.insufficientCredits += item.priceCredits;
    } else {
      workspace.otherJobs += 1;
    }
  }

  #expect(subject: PlanSubject): void {
    const { retried, succeeded } = this.#facts.experience.rateOf(subject);
    if (retried === 0) {
      this.#withoutExperience += 1;
      return;
    }
    this.#withExperience += 1;
    this.#expected += succeeded / retried;
  }
}

function stakeOf({ eligibleCredits, collectCredits }: WorkspaceTotals): number {
  return eligibleCredits + collectCredits;
}
