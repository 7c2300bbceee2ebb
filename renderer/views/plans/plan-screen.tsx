import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { PlanView } from '#contract/plan-views.ts';
import { planGroupSchema } from '#domain/retry-plan/plan-item.ts';
import { counted } from '#domain/counted.ts';
import { formatDuration } from '../../components/durations.ts';
import { Credits, ProviderCost } from '../../components/credits-text.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { usePlan } from '../../state/plan-queries.ts';
import { PlanControls } from './plan-controls.tsx';
import { PlanJobs } from './plan-jobs.tsx';
import { groupWords, sourceWords, STATE_WORDS } from './plan-words.ts';
import { TableHead } from '../../components/table-head.tsx';
import './plans.css';

/** One plan: what it would do and cost, how far it has come, and what became of each job. */
export function PlanScreen({ planId }: { planId: string }): ReactNode {
  useTitle(`Plan ${planId}`);
  const plan = usePlan(planId);
  if (plan.data === undefined) {
    return plan.error === null ? (
      <output className="page">Reading…</output>
    ) : (
      <FailureMessage failure={plan.error} onAskAgain={() => void plan.refetch()} isWholeScreen />
    );
  }
  return (
    <div className="page">
      <header className="page-head">
        <h1>
          {STATE_WORDS[plan.data.state]}: {sourceWords(plan.data.source)}
        </h1>
        <p className="muted">
          Plan <span className="mono">{planId}</span>, made <RelativeTime atMs={plan.data.proposed.atMs} /> by{' '}
          <bdi>{plan.data.proposed.by.id}</bdi> under policy {plan.data.policyVersion}. Its address can be shared.
        </p>
      </header>
      {plan.error !== null && (
        <output className="note" data-tone="warning">
          The server does not answer; this is how the plan stood last.
        </output>
      )}
      <Sums plan={plan.data} />
      <PlanControls plan={plan.data} />
      <Groups plan={plan.data} />
      <Workspaces plan={plan.data} />
      <PlanJobs plan={plan.data} />
    </div>
  );
}

function Sums({ plan }: { plan: PlanView }): ReactNode {
  const { totals } = plan;
  const { estimate } = totals;
  const collected = plan.isCollecting && totals.groups.collect_first.jobs > 0 ? totals.groups.collect_first : null;
  return (
    <Panel title="What it costs and whether it helps">
      <Facts>
        <Fact name="Customers pay">
          at most <Credits credits={plan.plannedCredits} /> credits, for {counted(plan.plannedJobs, 'job')}
          {collected !== null && (
            <span className="cell-note">
              Of that <Credits credits={collected.credits} /> to collect {counted(collected.jobs, 'result')}
            </span>
          )}
        </Fact>
        <Fact name="Provider costs">
          {totals.groups.eligible.jobs === 0 ? (
            'nothing: no job is made anew'
          ) : totals.jobsWithoutCost === totals.groups.eligible.jobs ? (
            'not known'
          ) : (
            <>
              about <ProviderCost microUsd={totals.costMicroUsd} />
              {totals.jobsWithoutCost > 0 && `; of ${counted(totals.jobsWithoutCost, 'job')} it is not known`}
            </>
          )}
          {collected !== null && (
            <span className="cell-note">
              What is collected costs nothing more where the provider still has it
              {totals.collect.jobsWithoutCost < collected.jobs && (
                <>
                  , otherwise at most about <ProviderCost microUsd={totals.collect.costMicroUsdMax} />
                </>
              )}
              {totals.collect.jobsWithoutCost > 0 &&
                `; of ${totals.collect.jobsWithoutCost.toLocaleString('en')} it is not known`}
            </span>
          )}
        </Fact>
        <Fact name="Will it help?">
          {plan.plannedJobs === 0 ? 'No job is retried.' : <Estimate estimate={estimate} />}
        </Fact>
        <Fact name="Reason">{plan.reason}</Fact>
        <Fact name="Made from">
          <Origin plan={plan} />
        </Fact>
      </Facts>
      {totals.sameInputJobs > 0 && (
        <p className="note" data-tone="warning">
          <TriangleAlert aria-hidden size={15} />
          <span>
            Of {totals.sameInputJobs.toLocaleString('en')} of the jobs to be retried, another job with the same input is
            on its way already; below they name it.
          </span>
        </p>
      )}
    </Panel>
  );
}

function Estimate({ estimate }: { estimate: PlanView['totals']['estimate'] }): ReactNode {
  return (
    <>
      {estimate.ofJobs === 0
        ? 'Nothing is known: such failures were not retried lately.'
        : `About ${estimate.succeed} of ${counted(estimate.ofJobs, 'job')} can be expected to succeed.`}{' '}
      <span className="muted">
        ({estimate.basis}
        {estimate.withoutExperience > 0 && `; of ${estimate.withoutExperience} nothing is known`})
      </span>
    </>
  );
}

function Origin({ plan: { origin, proposed } }: { plan: PlanView }): ReactNode {
  if (origin.type === 'server') return 'the server, as it was then';
  const behindMs = Math.max(0, proposed.atMs - origin.asOfMs);
  return (
    <>
      the offline copy,{' '}
      {behindMs < 1000 ? 'which was up to date' : `which was ${formatDuration(behindMs)} behind the server`}; what has
      changed since is skipped when it runs
    </>
  );
}

function Groups({ plan }: { plan: PlanView }): ReactNode {
  const { groups } = plan.totals;
  const shown = planGroupSchema.options.filter((group) => groups[group].jobs > 0);
  return (
    <Panel title="What may be retried, and what not">
      <table className="plain-table">
        <caption className="visually-hidden">Groups of jobs</caption>
        <TableHead columns={['Group', { number: 'Jobs' }, { number: 'Credits' }]} />
        <tbody>
          {shown.map((group) => (
            <tr key={group}>
              <th scope="row">
                {groupWords(group, plan)[0]}
                <span className="cell-note">{groupWords(group, plan)[1]}</span>
                {group === 'insufficient_credit' && (
                  <Link href={`/plans/new?topup=${plan.planId}`}>Plan these after a top-up</Link>
                )}
              </th>
              <td className="number">{groups[group].jobs.toLocaleString('en')}</td>
              <td className="number">
                <Credits credits={groups[group].credits} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Workspaces({ plan }: { plan: PlanView }): ReactNode {
  const { workspaces, workspacesInAll } = plan.totals;
  if (workspaces.length === 0) return null;
  return (
    <Panel title="By workspace">
      <div>
        <table className="plain-table">
          <caption className="visually-hidden">Workspaces</caption>
          <TableHead
            columns={[
              'Workspace',
              { number: 'Retried' },
              { number: 'Collected' },
              { number: 'Pays' },
              { number: 'Has available' },
              { number: 'Provider costs' },
              { number: 'Lacks credit' },
            ]}
          />
          <tbody>
            {workspaces.map((one) => (
              <tr key={one.workspaceId}>
                <th scope="row">
                  <bdi>{one.workspaceId}</bdi>
                </th>
                <td className="number">{one.eligibleJobs.toLocaleString('en')}</td>
                <td className="number">{one.collectJobs.toLocaleString('en')}</td>
                <td className="number">
                  <Credits credits={one.eligibleCredits + one.collectCredits} />
                </td>
                <td className="number">
                  <Credits credits={one.availableCredits} />
                </td>
                <td className="number">
                  {one.eligibleJobs === 0 ? (
                    '–'
                  ) : (
                    <ProviderCost microUsd={one.jobsWithoutCost === one.eligibleJobs ? null : one.costMicroUsd} />
                  )}
                </td>
                <td className="number">{one.insufficientJobs.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {workspacesInAll > workspaces.length && (
        <p className="muted">And {counted(workspacesInAll - workspaces.length, 'workspace')} with less at stake.</p>
      )}
    </Panel>
  );
}
