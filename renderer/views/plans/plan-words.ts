import type { JobOutcomeView, PlanView, PlanWish } from '#contract/plan-views.ts';
import { counted } from '#domain/counted.ts';
import type { PlanGroup } from '#domain/retry-plan/plan-item.ts';

/** What each group of a plan is called, and what to do with it. */
const GROUP_WORDS: Readonly<Record<PlanGroup, readonly [name: string, advice: string]>> = {
  eligible: ['Will be retried', 'Only these, and results to be collected, are acted upon.'],
  insufficient_credit: ['Not enough credit', 'After a top-up, plan exactly these.'],
  needs_edit: ['Input must be edited', 'Open each job and edit it: the same input cannot succeed.'],
  needs_reason: ['Needs a reason', 'Plan again with a reason.'],
  collect_first: ['Result may be there', 'The provider accepted these: collect the result, do not buy it again.'],
  already_charged: ['Already paid', 'Refund the failed generation first, or retry the job alone with a reason.'],
  blocked_by_class: ['Blocked by policy', 'The policy never retries this class of failure.'],
  charge_unknown: ['Charge not proved', 'Finance looks at these first.'],
  not_failed: ['Succeeded or under way', 'Nothing to do.'],
  unreadable: ['Not readable', 'Deleted, or no job.'],
};

export const STATE_WORDS: Readonly<Record<PlanView['state'], string>> = {
  planned: 'Planned',
  running: 'Running',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  rejected: 'Rejected',
  withdrawn: 'Withdrawn',
};

export const OUTCOME_WORDS: Readonly<Record<JobOutcomeView['outcome'], string>> = {
  begun: 'under way',
  waiting: 'waits for credit',
  succeeded: 'succeeded',
  failed: 'failed',
  skipped: 'skipped',
};

/** The group of `collect_first` in a plan that collects; in others it stays as it is. */
const COLLECTED_WORDS = [
  'Will be collected',
  'The provider accepted these: it is asked for the result, and bought from again only where it has none any more.',
] as const;

/** What a group is called in a plan. */
export function groupWords(
  group: PlanGroup,
  { isCollecting }: Pick<PlanView, 'isCollecting'>,
): readonly [string, string] {
  return group === 'collect_first' && isCollecting ? COLLECTED_WORDS : GROUP_WORDS[group];
}

/** What a plan's jobs were chosen by. */
export function sourceWords(source: PlanView['source']): string {
  switch (source.type) {
    case 'ids':
      return counted(source.count, 'chosen job');
    case 'where':
      return source.where === '' ? 'All jobs' : source.where;
    case 'remainder':
      return `What plan ${source.planId} left`;
    case 'after_top_up':
      return `What lacked credit in plan ${source.planId}`;
  }
}

/** What is to be planned, in words. */
export function wishWords(wish: PlanWish): string {
  switch (wish.type) {
    case 'ids':
      return `${counted(wish.ids.length, 'job')}: ${wish.ids.slice(0, 5).join(', ')}${wish.ids.length > 5 ? ', …' : ''}`;
    case 'where':
      return wish.where;
    case 'remainder':
      return `What failed, was skipped or was not begun in plan ${wish.planId}.`;
    case 'after_top_up':
      return `Exactly the jobs that stood blocked for lack of credit in plan ${wish.planId}.`;
  }
}
