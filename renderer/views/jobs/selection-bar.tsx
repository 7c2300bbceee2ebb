import { Columns2, RotateCw, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobFilter } from '#contract/job-views.ts';
import { printJobQuery } from '#contract/query/job-query.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { CaseExportButton } from '../../components/case-export.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { useJobCount } from '../../state/engine-queries.tsx';
import { isAllOf, planHref, useJobSelection, type JobSelection } from '../../state/job-selection.ts';
import { compareHref } from '../job/compare-jobs.ts';
import { caseOf, whyNoCase } from './case-of-selection.ts';

/** How many jobs are chosen and what can be done with them; nothing while none is. */
export function SelectionBar({ filter }: { filter: JobFilter }): ReactNode {
  const { selection, selectAll, clear } = useJobSelection();
  const matching = useJobCount(filter).data;
  const all = useJobCount(selection.kind === 'filter' ? selection.filter : filter).data;
  if (selection.kind === 'ids' && selection.ids.size === 0) return null;
  const isAll = isAllOf(selection, filter);
  const count = selection.kind === 'ids' ? selection.ids.size : 0;
  const counted = selection.kind === 'ids' ? { count, isExact: true } : all;
  return (
    <section className="selection-bar" aria-label="Chosen jobs">
      <output className="tabular">
        {selection.kind === 'ids' ? (
          `${count.toLocaleString('en')} chosen`
        ) : (
          <>
            All {all !== undefined && `${all.isExact ? '' : 'at least '}${all.count.toLocaleString('en')} `}
            that match {!isAll && <OtherFilter filter={selection.filter} />}are chosen
          </>
        )}
      </output>
      {!isAll && matching !== undefined && matching.count > count && (
        <button type="button" className="text-button" onClick={() => selectAll(filter)}>
          Choose all {matching.isExact ? '' : 'at least '}
          {matching.count.toLocaleString('en')} that match
        </button>
      )}
      <span className="selection-actions">
        {selection.kind === 'ids' && <CopyButton text={[...selection.ids].join('\n')} name="the ids" />}
        <SideBySide selection={selection} />
        <CaseExportButton chosen={caseOf(selection)} count={counted?.count} whyNot={whyNoCase(counted)} />
        <Link className="button" href={planHref(selection)}>
          <RotateCw aria-hidden size={14} />
          Plan a retry…
        </Link>
        <button
          type="button"
          className="icon-button"
          onClick={clear}
          aria-label="Choose none"
          title="Choose none (Esc)"
        >
          <X aria-hidden size={16} />
        </button>
      </span>
    </section>
  );
}

/** Of which filter all jobs are chosen, where it is not the one that the list shows. */
function OtherFilter({ filter }: { filter: JobFilter }): ReactNode {
  const query = printJobQuery(filter, CREDIT_SCALE);
  return <>{query === '' ? 'no filter' : <bdi className="mono">{query}</bdi>}, not what is shown, </>;
}

/** Two chosen jobs can be laid side by side. */
function SideBySide({ selection }: { selection: JobSelection }): ReactNode {
  const [left, right, more] = selection.kind === 'ids' ? [...selection.ids] : [];
  if (left === undefined || right === undefined || more !== undefined) return null;
  return (
    <Link className="button" href={compareHref(left, right)}>
      <Columns2 aria-hidden size={14} />
      Side by side
    </Link>
  );
}
