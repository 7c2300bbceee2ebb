import { ListChecks } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { PlanView } from '#contract/plan-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { MalformedNote } from '../../components/malformed-note.tsx';
import { OldNote } from '../../components/old-note.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { usePlans } from '../../state/plan-queries.ts';
import { sourceWords, STATE_WORDS } from './plan-words.ts';
import { TableHead } from '../../components/table-head.tsx';
import './plans.css';

/** Every plan of retries that is kept on the server, the newest first. */
export function PlansScreen(): ReactNode {
  useTitle('Plans');
  const refusal = useRefusal('plans.list');
  return (
    <div className="page">
      <header className="page-head">
        <h1>Retry plans</h1>
        <p className="muted">
          A plan says what a retry of many jobs costs and whether it can help. Nothing runs by itself.
        </p>
        <Link className="button" href="/plans/new">
          New plan
        </Link>
      </header>
      {refusal === null ? <PlanList /> : <RefusalNote refusal={refusal} />}
    </div>
  );
}

function PlanList(): ReactNode {
  const plans = usePlans();
  if (plans.data === undefined) {
    return plans.error === null ? (
      <output>Reading…</output>
    ) : (
      <FailureMessage failure={plans.error} onAskAgain={() => void plans.refetch()} />
    );
  }
  const { plans: readable, malformed } = plans.data;
  if (readable.length === 0 && malformed.length === 0) {
    return (
      <ScreenMessage icon={ListChecks} title="There is no plan yet">
        Plan a retry of jobs that you select in the list, of a group of failures, or of a query.
      </ScreenMessage>
    );
  }
  return (
    <>
      <OldNote failure={plans.error} />
      <MalformedNote one="plan" records={malformed} />
      {readable.length > 0 && <PlanTable plans={readable} />}
    </>
  );
}

function PlanTable({ plans }: { plans: readonly PlanView[] }): ReactNode {
  return (
    <table className="plain-table plan-table">
      <caption className="visually-hidden">Retry plans</caption>
      <TableHead columns={['Jobs', 'State', { number: 'Will be retried' }, { number: 'Credits' }, 'Made']} />
      <tbody>
        {plans.map((plan) => (
          <PlanRow key={plan.planId} plan={plan} />
        ))}
      </tbody>
    </table>
  );
}

function PlanRow({ plan }: { plan: PlanView }): ReactNode {
  const isWaiting = plan.state === 'planned' && plan.consent === 'second_person' && plan.decided === null;
  return (
    <tr>
      <th scope="row">
        <Link href={`/plans/${plan.planId}`}>{sourceWords(plan.source)}</Link>
      </th>
      <td className="own-word">{isWaiting ? 'Waits for approval' : STATE_WORDS[plan.state]}</td>
      <td className="number">{plan.plannedJobs.toLocaleString('en')}</td>
      <td className="number">
        <Credits credits={plan.plannedCredits} />
      </td>
      <td>
        <RelativeTime atMs={plan.proposed.atMs} /> by <bdi>{plan.proposed.by.id}</bdi>
      </td>
    </tr>
  );
}
