import { BellOff, CircleCheck, CircleDot, RotateCcw, TrendingUp, type LucideIcon } from 'lucide-react';
import { useId, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { FailureCause, FailureGroupView } from '#contract/failure-views.ts';
import type { FailureStanding, IgnoreUntil } from '#domain/failure-groups.ts';
import { MarkedText } from '../../components/marked-text.tsx';
import { counted } from '#domain/counted.ts';
import { Credits } from '../../components/credits-text.tsx';
import { formatDuration } from '../../components/durations.ts';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { ExactTime, RelativeTime } from '../../components/time-text.tsx';
import type { SeenGroup } from '../../state/failure-queries.ts';
import { jobsOfCause, planHref } from '../../state/failures-query-string.ts';
import { jobsHref } from '../../state/jobs-query-string.ts';
import { FailureGroupActions } from './failure-group-actions.tsx';

const STANDINGS: Readonly<Record<FailureStanding, { readonly says: string; readonly icon: LucideIcon }>> = {
  open: { says: 'open', icon: CircleDot },
  regressed: { says: 'regression', icon: RotateCcw },
  returned: { says: 'came back', icon: TrendingUp },
  resolved: { says: 'resolved', icon: CircleCheck },
  ignored: { says: 'ignored', icon: BellOff },
};

/** One group of failures: what went wrong, how much of it, what was decided, and what can be done. */
export function FailureGroupCard({
  group,
  bucketMs,
  workspaceId,
  canDecide,
  areDecisionsKnown,
  isChosen,
  onChoose,
}: {
  group: FailureGroupView;
  bucketMs: number;
  /** Whose jobs alone were counted; null where those of every workspace were. */
  workspaceId: string | null;
  canDecide: boolean;
  areDecisionsKnown: boolean;
  isChosen: boolean;
  onChoose: (isChosen: boolean) => void;
}): ReactNode {
  const titleId = useId();
  const [first] = group.causes;
  if (first === undefined) return null;
  const jobs = group.failedJobs + group.retryingJobs;
  return (
    <li className="panel failure-group" aria-labelledby={titleId} data-standing={group.standing}>
      <div className="failure-group-head">
        {canDecide && (
          <input
            type="checkbox"
            checked={isChosen}
            onChange={(event) => onChoose(event.target.checked)}
            aria-label={`Choose ${titleOf(first)} for a merge`}
          />
        )}
        <StandingBadge standing={group.standing} />
        <h2 id={titleId}>
          <span className="failure-class">{FAILURE_CLASS_NAMES[first.class]}</span>{' '}
          <bdi className="mono">{first.code ?? 'no code'}</bdi>
        </h2>
        <span className="muted">
          <bdi>{first.provider}</bdi> · <bdi>{first.model}</bdi>
        </span>
      </div>
      <p className="failure-message">
        <bdi>
          <MarkedText text={first.message} />
        </bdi>
      </p>
      {group.causes.length > 1 && <OtherCauses causes={group.causes.slice(1)} />}
      <div className="failure-group-figures">
        <Figure
          name={jobs === 1 ? 'job' : 'jobs'}
          note={group.retryingJobs > 0 ? `${group.retryingJobs.toLocaleString('en')} retrying` : null}
        >
          {jobs.toLocaleString('en')}
        </Figure>
        <Figure name={group.customers === 1 ? 'customer' : 'customers'}>{group.customers.toLocaleString('en')}</Figure>
        <Figure name="credits at risk">
          <Credits credits={group.creditsAtRisk} />
        </Figure>
        <Figure name="first seen">
          <RelativeTime atMs={group.firstSeenMs} />
        </Figure>
        <Figure name="last seen">
          <RelativeTime atMs={group.lastSeenMs} />
        </Figure>
        <Sparkline
          counts={group.points}
          name={`Failures of each ${formatDuration(bucketMs)}: at most ${Math.max(0, ...group.points).toLocaleString('en')}`}
        />
      </div>
      <VerdictText group={group} />
      <div className="failure-group-foot">
        {group.causes.map((cause) => (
          <Link
            key={cause.fingerprint}
            className="button"
            href={jobsHref({ states: ['failed', 'retrying'], ...jobsOfCause(cause, workspaceId) })}
            aria-label={`${labelOf('Jobs', group, cause)}: ${titleOf(cause)}`}
          >
            {labelOf('Jobs', group, cause)}
          </Link>
        ))}
        {group.failedJobs > 0 &&
          group.causes.map((cause) => (
            <Link
              key={cause.fingerprint}
              className="button"
              href={planHref(cause, workspaceId)}
              aria-label={`${labelOf('Plan a retry', group, cause)}…: ${titleOf(cause)}`}
            >
              {labelOf('Plan a retry', group, cause)}…
            </Link>
          ))}
        {canDecide && <FailureGroupActions group={group} seen={seenGroup(group, areDecisionsKnown)} />}
      </div>
    </li>
  );
}

/** What is kept of a group where a decision about it is. */
export function seenGroup({ id, causes, decision }: FailureGroupView, areDecisionsKnown: boolean): SeenGroup {
  const [first] = causes;
  return { id, title: first === undefined ? id : titleOf(first), version: areDecisionsKnown ? decision.version : null };
}

/** What leads somewhere is called; where a group has several causes, with the one that it leads to. */
function labelOf(what: string, { causes }: FailureGroupView, { code, model }: FailureCause): string {
  return causes.length === 1 ? what : `${what} of ${code ?? model}`;
}

function titleOf({ class: failureClass, code, provider, model }: FailureCause): string {
  return `${FAILURE_CLASS_NAMES[failureClass]} ${code ?? ''} of ${provider} ${model}`;
}

function StandingBadge({ standing }: { standing: FailureStanding }): ReactNode {
  const { says, icon: Icon } = STANDINGS[standing];
  return (
    <span className="badge standing" data-standing={standing}>
      <Icon aria-hidden size={13} />
      {says}
    </span>
  );
}

function Figure({
  name,
  note = null,
  children,
}: {
  name: string;
  note?: string | null;
  children: ReactNode;
}): ReactNode {
  return (
    <p className="failure-figure">
      <strong className="tabular">{children}</strong>
      <span className="muted">
        {name}
        {note !== null && `, ${note}`}
      </span>
    </p>
  );
}

function OtherCauses({ causes }: { causes: readonly FailureCause[] }): ReactNode {
  return (
    <ul className="other-causes" aria-label="Merged with">
      {causes.map((cause) => (
        <li key={cause.fingerprint}>
          <span className="muted">and</span> <bdi className="mono">{cause.code ?? 'no code'}</bdi>{' '}
          <span className="muted">
            <bdi>{cause.provider}</bdi> · <bdi>{cause.model}</bdi>:
          </span>{' '}
          <bdi>{cause.message}</bdi> <span className="muted tabular">({counted(cause.jobs, 'job')})</span>
        </li>
      ))}
    </ul>
  );
}

function VerdictText({ group: { standing, decision } }: { group: FailureGroupView }): ReactNode {
  const { verdict } = decision;
  if (verdict === null) return null;
  return (
    <p
      className="note failure-verdict"
      data-tone={standing === 'regressed' || standing === 'returned' ? 'danger' : undefined}
    >
      <span>
        {verdict.as === 'resolved' ? 'Resolved' : 'Ignored'} by <bdi>{verdict.by.id}</bdi>{' '}
        <RelativeTime atMs={verdict.atMs} />
        {verdict.until !== null && (
          <>
            {' '}
            until <UntilText until={verdict.until} />
          </>
        )}
        {verdict.note !== '' && (
          <>
            : “<bdi>{verdict.note}</bdi>”
          </>
        )}
        . {sinceWords(verdict.jobsSince, verdict.customersSince)}
      </span>
    </p>
  );
}

function UntilText({ until }: { until: IgnoreUntil }): ReactNode {
  if (until.type === 'time') return <ExactTime atMs={until.atMs} />;
  return counted(until.more, until.type === 'jobs' ? 'more job' : 'more customer');
}

function sinceWords(jobs: number, customers: number): string {
  if (jobs === 0) return 'No job of it failed since.';
  return `${counted(jobs, 'job')} of ${counted(customers, 'customer')} failed since.`;
}
