import { Download } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { PlanView } from '#contract/plan-views.ts';
import { counted } from '#domain/counted.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { JobLink } from '../../components/job-link.tsx';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useRefusal } from '../../state/access.ts';
import { usePlanActions, usePlanItems, usePlanOutcomes } from '../../state/plan-queries.ts';
import { groupWords, OUTCOME_WORDS } from './plan-words.ts';
import { TableHead } from '../../components/table-head.tsx';
import { ExportedFile } from '../../components/exported-file.tsx';

/** Every job of a plan: before the run its verdict, from then on what became of it. */
export function PlanJobs({ plan }: { plan: PlanView }): ReactNode {
  return (
    <>
      {plan.run !== null && <Outcomes plan={plan} />}
      <Items plan={plan} />
    </>
  );
}

function Outcomes({ plan }: { plan: PlanView }): ReactNode {
  const [from, setFrom] = useState(0);
  const outcomes = usePlanOutcomes(plan, from);
  const isOver = plan.state === 'finished' || plan.state === 'stopped';
  return (
    <Panel title="Outcome" aside={<ExportButton plan={plan} />}>
      {isOver && (
        <p>
          <Link href={`/plans/new?remainder=${plan.planId}`}>Plan again with what failed or was not begun</Link>
        </p>
      )}
      {outcomes.error !== null && (
        <FailureMessage failure={outcomes.error} onAskAgain={() => void outcomes.refetch()} />
      )}
      {outcomes.data?.length === 0 && <p className="muted">No job was begun yet.</p>}
      {outcomes.data !== undefined && outcomes.data.length > 0 && (
        <table className="plain-table">
          <caption className="visually-hidden">What became of each job</caption>
          <TableHead columns={['Job', 'Outcome', 'Why', { number: 'Paid' }]} />
          <tbody>
            {outcomes.data.map((row) => (
              <tr key={row.jobId}>
                <th scope="row">
                  <JobLink jobId={row.jobId} />
                </th>
                <td>
                  {OUTCOME_WORDS[row.outcome]}
                  {row.act === 'collect' && ', collected'}
                </td>
                <td>
                  {row.failureClass !== null && `${row.failureClass}: `}
                  {row.why}
                </td>
                <td className="number">
                  <Credits credits={row.paidCredits} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Turn from={from} rows={outcomes.data?.length ?? 0} all={plan.run?.position ?? 0} onTurn={setFrom} />
    </Panel>
  );
}

function ExportButton({ plan }: { plan: PlanView }): ReactNode {
  const { exported } = usePlanActions(plan.planId);
  const refusal = useRefusal('plans.export');
  if (refusal !== null) return null;
  return (
    <span className="plan-actions">
      {exported.data !== undefined && <ExportedFile says="Written to" path={exported.data.path} />}
      <FailureLine failure={exported.error} look="inline" />
      <button type="button" className="button" disabled={exported.isPending} onClick={() => exported.mutate()}>
        <Download aria-hidden size={14} />
        Export CSV
      </button>
    </span>
  );
}

function Items({ plan }: { plan: PlanView }): ReactNode {
  const [from, setFrom] = useState(0);
  const items = usePlanItems(plan.planId, from);
  return (
    <Panel title="Jobs of the plan">
      {items.error !== null && <FailureMessage failure={items.error} onAskAgain={() => void items.refetch()} />}
      {items.data !== undefined && (
        <table className="plain-table">
          <caption className="visually-hidden">Jobs as they were planned</caption>
          <TableHead columns={['Job', 'Failed as', 'Verdict', 'Why', { number: 'Price' }]} />
          <tbody>
            {items.data.map((item) => (
              <tr key={item.jobId}>
                <th scope="row">
                  <JobLink jobId={item.jobId} />
                </th>
                <td>{item.failureClass ?? item.state ?? '–'}</td>
                <td>{groupWords(item.group, plan)[0]}</td>
                <td>
                  {item.why}
                  {item.sameInputAs !== null && (
                    <span className="cell-note">
                      The same input is on its way in <bdi className="mono">{item.sameInputAs}</bdi>.
                    </span>
                  )}
                </td>
                <td className="number">
                  <Credits credits={item.priceCredits} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Turn from={from} rows={items.data?.length ?? 0} all={plan.totals.jobs} onTurn={setFrom} />
    </Panel>
  );
}

function Turn({
  from,
  rows,
  all,
  onTurn,
}: {
  from: number;
  rows: number;
  all: number;
  onTurn: (from: number) => void;
}): ReactNode {
  if (from === 0 && (rows === 0 || rows >= all)) return null;
  return (
    <p className="plan-actions">
      <button type="button" className="button" disabled={from === 0} onClick={() => onTurn(0)}>
        First
      </button>
      <span className="muted">
        {rows > 0 && `${(from + 1).toLocaleString('en')} to ${(from + rows).toLocaleString('en')} of `}
        {counted(all, 'job')}
      </span>
      <button
        type="button"
        className="button"
        disabled={from + rows >= all || rows === 0}
        onClick={() => onTurn(from + rows)}
      >
        Next
      </button>
    </p>
  );
}
