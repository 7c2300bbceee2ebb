/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import { Wallet } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobRow } from '#contract/job-views.ts';
import { ChargeBadge } from '../../components/charge-badge.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { FAILURE_CLASS_NAMES } from '../../components/failure-words.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { jobHref } from '../../state/jobs-query-string.ts';

interface JobsTableRowProps {
  readonly row: JobRow;
  readonly domId: string;
  /** Position in the whole list, from 0. */
  readonly index: number;
  readonly topPx: number;
  readonly isActive: boolean;
  readonly hasLeft: boolean;
}

/** One line of the list. Its link is not a stop of the Tab key: the table itself takes the focus and Enter opens the row. */
export const JobsTableRow = memo(function JobsTableRow(props: JobsTableRowProps): ReactNode {
  const { row, domId, index, topPx, isActive, hasLeft } = props;
  return (
    <div
      role="row"
      id={domId}
      className="jobs-row jobs-grid"
      aria-rowindex={index + 2}
      aria-selected={isActive}
      data-job-id={row.id}
      data-left={hasLeft}
      title={hasLeft ? 'Changed while you read: it no longer belongs here' : undefined}
      style={{ transform: `translateY(${topPx}px)` }}
    >
      <div role="gridcell">
        <StateBadge state={row.state} />
        {row.state === 'running' && row.progressFraction !== null && (
          <span className="row-progress tabular">{Math.round(row.progressFraction * 100)}%</span>
        )}
      </div>
      <div role="gridcell">
        <Link className="row-link mono" href={jobHref(row.id)} tabIndex={-1}>
          <bdi>{row.id}</bdi>
        </Link>
      </div>
      <div role="gridcell">
        <bdi>{row.kind}</bdi>
      </div>
      <div role="gridcell">
        <PromptOrError row={row} />
      </div>
      <div role="gridcell">
        <bdi>{row.workspaceId}</bdi>
      </div>
      <div role="gridcell" className="column-model muted">
        <bdi>{row.model}</bdi>
      </div>
      <div role="gridcell" className="tabular">
        {row.attempt}/{row.maxAttempts}
      </div>
      <div role="gridcell">
        {row.isBlockedForCredit ? (
          <span className="charge" data-charge="blocked">
            <Wallet aria-hidden size={13} />
            needs credit
          </span>
        ) : (
          <ChargeBadge status={row.chargeStatus} />
        )}
      </div>
      <div role="gridcell" className="number">
        <Credits credits={row.priceCredits} />
      </div>
      <div role="gridcell">
        <RelativeTime atMs={row.createdAtMs} />
      </div>
      <div role="gridcell">
        <RelativeTime atMs={row.updatedAtMs} />
      </div>
    </div>
  );
});

function PromptOrError({ row }: { row: JobRow }): ReactNode {
  if (row.failureClass === null) return <bdi className="muted">{row.promptStart}</bdi>;
  return (
    <>
      <span className="failure-class">{FAILURE_CLASS_NAMES[row.failureClass]}</span> <bdi>{row.failureMessage}</bdi>
    </>
  );
}
