import { shownCredits } from './credits.ts';
import type { Job, JobState, MalformedJob } from './job.ts';
import type { CreditAccount } from './ledger.ts';
import { isLive, type RunnerNode } from './runner-node.ts';

/** A limit that is full besides the runners' own: attempts under way of a provider, kind or workspace, over the whole fleet. */
export interface FullLimit {
  readonly scope: 'total' | 'provider' | 'kind' | 'workspace';
  readonly name: string;
  readonly active: number;
  readonly max: number;
}

/** Everything that the question needs; nothing is read from anywhere else. */
export interface StandstillFacts {
  readonly job: Job | MalformedJob;
  /** Every runner that is known, live or not. */
  readonly runners: readonly RunnerNode[];
  /** The workspace's account, null where it has none. */
  readonly account: Pick<CreditAccount, 'available'> | null;
  /** Limits that apply to the job and are full; none where the fleet has no such limits. */
  readonly fullLimits: readonly FullLimit[];
  /** Until then the job's provider asked to be left alone; null where it did not. */
  readonly heldBackUntil: Date | null;
  /** By the server's clock, as leases and due times are. */
  readonly now: Date;
}

/** Why a job is not moving: one cause, with what proves it. Times are the server's, durations in milliseconds. */
export type Standstill =
  | { readonly cause: 'malformed'; readonly problems: MalformedJob['problems'] }
  /** It has come to its end, and nothing is meant to move. */
  | { readonly cause: 'at_end'; readonly state: JobState; readonly since: Date }
  /** It is moving: a runner has it and was heard of. */
  | {
      readonly cause: 'lease_held';
      readonly runnerId: string;
      /** False where the runner itself is silent, and only its lease has not run out yet. */
      readonly isRunnerLive: boolean;
      readonly token: number;
      readonly heartbeatAt: Date;
      readonly expiresAt: Date;
      readonly progress: { readonly fraction: number; readonly message: string; readonly at: Date } | null;
    }
  /** Its runner is gone; the next live runner rescues it. */
  | {
      readonly cause: 'lease_expired';
      readonly runnerId: string;
      readonly token: number;
      readonly expiresAt: Date;
      readonly overdueMs: number;
      readonly liveRunners: number;
    }
  | { readonly cause: 'not_due'; readonly notBefore: Date; readonly inMs: number; readonly failureClass: string | null }
  | {
      readonly cause: 'out_of_credit';
      readonly workspaceId: string;
      readonly neededCredits: number;
      readonly availableCredits: number;
      readonly since: Date | null;
    }
  /** Its reservation was taken off it, as where something was captured too early and refunded: a generation is reserved for once. */
  | { readonly cause: 'not_reserved' }
  /** Job, account and ledger contradict each other; finance has to look before anything runs. */
  | { readonly cause: 'charge_unknown'; readonly pendingKeys: readonly string[] }
  | {
      readonly cause: 'no_live_runner';
      readonly provider: string;
      readonly kind: string;
      /** Runners that are live and take other providers or kinds. */
      readonly otherRunners: readonly string[];
      /** When any runner was last heard of, null where there never was one. */
      readonly lastHeartbeatAt: Date | null;
    }
  | {
      readonly cause: 'paused';
      readonly runners: readonly { readonly id: string; readonly state: RunnerNode['state'] }[];
    }
  /** Its provider asked all runners to leave it alone for so long (`Retry-After`). */
  | { readonly cause: 'provider_held_back'; readonly provider: string; readonly until: Date }
  | {
      readonly cause: 'limit_reached';
      readonly limits: readonly (
        FullLimit | { readonly scope: 'runner'; readonly name: string; readonly active: number; readonly max: number }
      )[];
    }
  /** Nothing stands in its way: it is begun when its turn comes, by priority and due time. */
  | { readonly cause: 'waiting_for_its_turn'; readonly dueSince: Date; readonly runners: readonly string[] };

/**
 * Why is this job not moving? Names the first cause that applies, in the order in which they would have to be removed. Pure. A
 * window needs for it the job (or why it is none), `runner_nodes`, the workspace's account and the server's time; the command
 * `why` and the screen of a job show what this returns.
 */
export function explainStandstill(facts: StandstillFacts): Standstill {
  const { job, now } = facts;
  if (!('_id' in job)) return { cause: 'malformed', problems: job.problems };
  if (job.state === 'completed' || job.state === 'failed') {
    return { cause: 'at_end', state: job.state, since: job.history.at(-1)?.at ?? job.updatedAt };
  }
  if (job.lease !== null) return ofLease(job.lease, job, facts);
  if (job.notBefore.getTime() > now.getTime()) {
    const inMs = job.notBefore.getTime() - now.getTime();
    return { cause: 'not_due', notBefore: job.notBefore, inMs, failureClass: job.failure?.class ?? null };
  }
  return ofCharge(facts, job) ?? ofRunners(facts, job);
}

function ofLease(
  { runnerId, token, heartbeatAt, expiresAt }: NonNullable<Job['lease']>,
  job: Job,
  { runners, now }: StandstillFacts,
): Standstill {
  const overdueMs = now.getTime() - expiresAt.getTime();
  if (overdueMs > 0) {
    const liveRunners = runners.filter((node) => isLive(node, now)).length;
    return { cause: 'lease_expired', runnerId, token, expiresAt, overdueMs, liveRunners };
  }
  const isRunnerLive = runners.some((node) => node._id === runnerId && isLive(node, now));
  return { cause: 'lease_held', runnerId, isRunnerLive, token, heartbeatAt, expiresAt, progress: job.progress };
}

function ofCharge({ account }: StandstillFacts, job: Job): Standstill | null {
  const { billing, workspaceId } = job;
  if (billing.status === 'unknown') {
    return { cause: 'charge_unknown', pendingKeys: billing.pending.map(({ key }) => key) };
  }
  // What a runner has reserved ahead is owed by the job until it is claimed, and no longer available.
  const isOnItsWay = billing.blocked === null && billing.pending.some(({ type }) => type === 'reserve');
  const isReserved = billing.price === 0 || billing.reserved > 0 || isOnItsWay;
  // Runners reserve only for what is queued and was never captured.
  if (!isReserved && (job.state === 'retrying' || billing.captured > 0)) return { cause: 'not_reserved' };
  const availableCredits = account?.available ?? 0;
  if (isReserved || (billing.blocked === null && availableCredits >= billing.price)) return null;
  const neededCredits = billing.blocked?.neededCredits ?? billing.price;
  // A top-up that came since the refusal is noticed by itself; then the job only waits for its turn.
  if (availableCredits >= neededCredits) return null;
  return { cause: 'out_of_credit', workspaceId, neededCredits, availableCredits, since: billing.blocked?.at ?? null };
}

function ofRunners({ runners, fullLimits, heldBackUntil, now }: StandstillFacts, job: Job): Standstill {
  const live = runners.filter((node) => isLive(node, now));
  const able = live.filter((node) => takes(node.providers, job.provider.name) && takes(node.kinds, job.kind));
  if (able.length === 0) {
    const heartbeats = runners.map((node) => node.heartbeatAt.getTime());
    return {
      cause: 'no_live_runner',
      provider: job.provider.name,
      kind: job.kind,
      otherRunners: live.map((node) => node._id),
      lastHeartbeatAt: heartbeats.length === 0 ? null : new Date(Math.max(...heartbeats)),
    };
  }
  const running = able.filter((node) => node.state === 'running');
  if (running.length === 0) {
    return { cause: 'paused', runners: able.map((node) => ({ id: node._id, state: node.state })) };
  }
  if (heldBackUntil !== null) return { cause: 'provider_held_back', provider: job.provider.name, until: heldBackUntil };
  if (fullLimits.length > 0) return { cause: 'limit_reached', limits: fullLimits };
  if (running.every((node) => node.active >= node.concurrency)) {
    const limits = running.map((node) => ({
      scope: 'runner' as const,
      name: node._id,
      active: node.active,
      max: node.concurrency,
    }));
    return { cause: 'limit_reached', limits };
  }
  return { cause: 'waiting_for_its_turn', dueSince: job.notBefore, runners: running.map((node) => node._id) };
}

/** A runner of an earlier version does not say what it takes; it is taken to take everything. */
function takes(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name);
}

/** The whole sentence for people: what holds the job up, and what to do. */
export function describeStandstill(standstill: Standstill): string {
  switch (standstill.cause) {
    case 'malformed':
      return `The document is no job (${standstill.problems.map(({ path, reason }) => `${path}: ${reason}`).join('; ')}). Mend it where it is written; it is never run.`;
    case 'at_end':
      return `The job is ${standstill.state} since ${iso(standstill.since)}. Nothing more happens by itself.`;
    case 'lease_held':
      return standstill.isRunnerLive
        ? `The runner ${standstill.runnerId} works on it, heard of at ${iso(standstill.heartbeatAt)}. Wait for it.`
        : `The runner ${standstill.runnerId} is silent; its lease runs until ${iso(standstill.expiresAt)}, then another runner takes the job over.`;
    case 'lease_expired':
      return `The lease of the runner ${standstill.runnerId} ran out at ${iso(standstill.expiresAt)}. ${standstill.liveRunners === 0 ? 'No runner is live to rescue it: start one.' : 'A live runner rescues it within seconds.'}`;
    case 'not_due':
      return `It is not due before ${iso(standstill.notBefore)}${standstill.failureClass === null ? '' : `, after a failure of the class ${standstill.failureClass}`}. Wait until then.`;
    case 'out_of_credit':
      return `The workspace ${standstill.workspaceId} has ${shownCredits(standstill.availableCredits)} credits and needs ${shownCredits(standstill.neededCredits)}. Top the account up; the job goes on by itself.`;
    case 'not_reserved':
      return 'Its reservation is gone, and no runner begins it without one. Cancel it, and retry it: that reserves its price anew.';
    case 'charge_unknown':
      return 'It cannot be proved what was charged for it. Open its charge, and reconcile the workspace.';
    case 'no_live_runner':
      return `No live runner takes jobs of the kind ${standstill.kind} for the provider ${standstill.provider}. ${standstill.lastHeartbeatAt === null ? 'There never was a runner' : `The last runner was heard of at ${iso(standstill.lastHeartbeatAt)}`}; start one that has this provider.`;
    case 'paused':
      return `Every runner that could take it takes nothing new (${standstill.runners.map(({ id, state }) => `${id} is ${state}`).join(', ')}). Resume one.`;
    case 'provider_held_back':
      return `The provider ${standstill.provider} asked to be left alone until ${iso(standstill.until)}. Wait until then.`;
    case 'limit_reached':
      return `A limit is full (${standstill.limits.map(({ scope, name, active, max }) => `${scope} ${name}: ${active} of ${max}`).join(', ')}). Wait, or raise it.`;
    case 'waiting_for_its_turn':
      return `Nothing stands in its way since ${iso(standstill.dueSince)}: it is begun when its turn comes.`;
  }
}

function iso(date: Date): string {
  return date.toISOString();
}
