import type { Refusal } from '#domain/people.ts';
import type { DraftKind } from './own-views.ts';
import type { REQUESTS, RequestName } from './requests.ts';

/** The requests that write on the server. */
export type WritingRequest = {
  [Name in RequestName]: (typeof REQUESTS)[Name]['writes'] extends false ? never : Name;
}[RequestName];

/** The kinds of drafts, by the request that each is sent with. */
const DRAFTED = {
  'retry.run': 'retry',
  'cancel.run': 'cancel',
  'plans.make': 'plan',
  'mends.propose': 'mends',
  'mends.decide': 'decision',
  'findings.act': 'review',
  'failures.decide': 'group',
} as const satisfies { [Name in RequestName]?: DraftKind };

/**
 * What becomes of a request that writes while the server is away: it is kept as a draft, refused with a reason, or done all the same
 * because it is about this machine.
 */
export type OfflineWrite =
  | { readonly as: 'draft'; readonly kind: DraftKind }
  | { readonly as: 'refused'; readonly why: string }
  | { readonly as: 'done_here'; readonly why: string };

function draftOf(request: keyof typeof DRAFTED): OfflineWrite {
  return { as: 'draft', kind: DRAFTED[request] };
}

function refused(why: string): OfflineWrite {
  return { as: 'refused', why };
}

/**
 * Every request that writes, and what becomes of it while the server is away. A draft is for what somebody wants done about a thing
 * that they look at; what is about others' work at this moment, or begins to move credits, is done when one sees what it does.
 */
export const OFFLINE_WRITES: Readonly<Record<WritingRequest, OfflineWrite>> = {
  'retry.run': draftOf('retry.run'),
  'cancel.run': draftOf('cancel.run'),
  'plans.make': draftOf('plans.make'),
  'mends.propose': draftOf('mends.propose'),
  'mends.decide': draftOf('mends.decide'),
  'findings.act': draftOf('findings.act'),
  'failures.decide': draftOf('failures.decide'),
  'mends.post': refused('posting moves credits, by what the accounts hold at that moment'),
  'plans.run': refused('a run retries jobs as they are at that moment'),
  'plans.wish': refused('a run goes on where it runs, and nobody can be asked to pause it'),
  'plans.decide': refused('a plan is approved for what it would do now, and that is not known'),
  'periods.close': refused('a month is closed over all of its entries, and some may not be here'),
  'invoices.import': refused('an invoice is matched with the attempts that the server has'),
  'invoices.remove': refused('others may match by the invoice'),
  'fleet.control': refused('runners take their wishes from the server'),
  'fleet.setLimits': refused('runners take their limits from the server'),
  'policy.put': refused('a version is put over the one that is in force, and that is not known'),
  'redaction.put': refused('a version is put over the one that is in force, and that is not known'),
  'people.set': refused('roles hold for everybody at once, or not at all'),
  'runner.control': { as: 'done_here', why: "it is about this machine's runner, which is asked without the server" },
};

/** Why a request cannot be made while the server is away, not even as a draft; null where something can be done. */
export function offlineRefusalOf(name: RequestName): Refusal | null {
  const offline = isWriting(name) ? OFFLINE_WRITES[name] : null;
  return offline?.as === 'refused' ? { cause: 'offline', detail: offline.why } : null;
}

function isWriting(name: RequestName): name is WritingRequest {
  return Object.hasOwn(OFFLINE_WRITES, name);
}
