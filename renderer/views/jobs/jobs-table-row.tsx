/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows of a virtual table are placed one by one; table elements that are not laid out as a table lose their roles in some browsers */
import { Check, Wallet } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import type { JobRow } from '#contract/job-views.ts';
import { useHashPath } from '../../app/hash-location.ts';
import { MarkedText } from '../../components/marked-text.tsx';
import { ChargeBadge } from '../../components/charge-badge.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useCreditScale } from '../../state/engine-queries.tsx';
import { jobHref, ownerHref } from '../../state/jobs-query-string.ts';
import { fitsCell } from './cell-fit.ts';
import type { JobsColumn } from './jobs-columns.ts';

interface JobsTableRowProps {
  readonly row: JobRow;
  readonly domId: string;
  /** Position in the whole list, from 0. */
  readonly index: number;
  readonly topPx: number;
  /** The shown columns; the same list for as long as they stay the same, so that an unchanged row is not drawn again. */
  readonly cells: readonly JobsCell[];
  /** True where it has the keyboard's cursor. */
  readonly isActive: boolean;
  readonly isChosen: boolean;
  readonly hasLeft: boolean;
}

/** A shown column with its width in pixels. */
export interface JobsCell {
  readonly id: JobsColumn['id'];
  readonly widthPx: number;
}

/** One line of the list. Its link is not a stop of the Tab key: the table itself takes the focus and Enter opens the row. */
export const JobsTableRow = memo(function JobsTableRow(props: JobsTableRowProps): ReactNode {
  const { row, domId, index, topPx, cells, isActive, isChosen, hasLeft } = props;
  const creditScale = useCreditScale();
  return (
    <div
      role="row"
      id={domId}
      className="jobs-row jobs-grid"
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      data-active={isActive}
      data-job-id={row.id}
      data-left={hasLeft}
      title={hasLeft ? 'Changed while you read: it no longer belongs here' : undefined}
      style={{ top: topPx }}
    >
      <div role="gridcell" className="choose-cell" data-choose="">
        <span className="choose-box">{isChosen && <Check aria-hidden size={12} strokeWidth={3} />}</span>
      </div>
      {cells.map(({ id, widthPx }) => (
        <div
          role="gridcell"
          key={id}
          className={CELL_CLASSES[id]}
          data-cut={fitsCell(id, row, { widthPx, creditScale }) ? undefined : ''}
        >
          {CELLS[id](row)}
        </div>
      ))}
    </div>
  );
});

/** A link as the browser follows it by itself. Each of the router's own listens to the address, which a row in motion has no time for. */
function RowLink({ className, target, says }: { className: string; target: string; says: string }): ReactNode {
  return (
    <a className={className} href={useHashPath.hrefs(target)} tabIndex={-1}>
      <bdi>{says}</bdi>
    </a>
  );
}

const CELL_CLASSES: Readonly<Partial<Record<JobsColumn['id'], string>>> = {
  user: 'muted',
  provider: 'muted',
  model: 'muted',
  code: 'muted mono',
  attempt: 'tabular',
  price: 'number',
};

const CELLS: Readonly<Record<JobsColumn['id'], (row: JobRow) => ReactNode>> = {
  state: (row) => (
    <>
      <StateBadge state={row.state} />
      {row.state === 'running' && row.progressFraction !== null && (
        <span className="row-progress tabular">{Math.round(row.progressFraction * 100)}%</span>
      )}
    </>
  ),
  job: (row) => <RowLink className="row-link mono" target={jobHref(row.id)} says={row.id} />,
  kind: (row) => <bdi>{row.kind}</bdi>,
  prompt: (row) => <PromptOrError row={row} />,
  workspace: (row) => (
    <RowLink className="row-link" target={ownerHref('workspace', row.workspaceId)} says={row.workspaceId} />
  ),
  user: (row) => <RowLink className="row-link" target={ownerHref('user', row.userId)} says={row.userId} />,
  provider: (row) => <bdi>{row.provider}</bdi>,
  model: (row) => <bdi>{row.model}</bdi>,
  code: (row) => <bdi>{row.failureCode ?? ''}</bdi>,
  attempt: (row) => `${row.attempt}/${row.maxAttempts}`,
  charge: (row) =>
    row.isBlockedForCredit ? (
      <span className="charge" data-charge="blocked">
        <Wallet aria-hidden size={13} />
        needs credit
      </span>
    ) : (
      <ChargeBadge status={row.chargeStatus} />
    ),
  price: (row) => <Credits credits={row.priceCredits} />,
  created: (row) => <RelativeTime atMs={row.createdAtMs} />,
  updated: (row) => <RelativeTime atMs={row.updatedAtMs} />,
};

const FIELD_NAMES: Readonly<Record<NonNullable<JobRow['hit']>['field'], string>> = {
  prompt: 'Prompt',
  error: 'Error',
  ids: 'Id',
  user: 'User',
  output: 'Output',
};

/** Where a search found the job, with what was searched for marked. */
function Hit({ hit }: { hit: NonNullable<JobRow['hit']> }): ReactNode {
  return (
    <>
      {hit.field !== 'prompt' && <span className="muted">{FIELD_NAMES[hit.field]}: </span>}
      <bdi>
        {hit.parts.map(({ text, isHit }, index) =>
          // oxlint-disable-next-line react/no-array-index-key -- pieces of one text have no other name than their place
          isHit ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
        )}
      </bdi>
    </>
  );
}

function PromptOrError({ row }: { row: JobRow }): ReactNode {
  if (row.hit !== null) return <Hit hit={row.hit} />;
  if (row.failureClass === null) {
    return (
      <bdi className="muted">
        <MarkedText text={row.promptStart} />
      </bdi>
    );
  }
  return (
    <>
      <span className="failure-class">{FAILURE_CLASS_NAMES[row.failureClass]}</span>{' '}
      <bdi>
        <MarkedText text={row.failureMessage ?? ''} />
      </bdi>
    </>
  );
}
