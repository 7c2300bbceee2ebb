import { CircleStop, Pause, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import type { PlanView } from '#contract/plan-views.ts';
import { distinctRefusals } from '#contract/request-refusal.ts';
import { counted, formatCount } from '#domain/counted.ts';
import type { Refusal } from '#domain/people.ts';
import { samePerson } from '#domain/second-person.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { usePlanActions } from '../../state/plan-queries.ts';
import { RunForm } from './run-form.tsx';

/** What can be done with a plan now: approve, begin, pause, go on, stop; and how far it has come. */
export function PlanControls({ plan }: { plan: PlanView }): ReactNode {
  const refusals = usePlanRefusals();
  const isOver =
    (plan.run !== null && plan.run.ended !== null) || plan.state === 'rejected' || plan.state === 'withdrawn';
  const actions = usePlanActions(plan.planId);
  const failure = actions.run.error ?? actions.wish.error ?? actions.decide.error;
  return (
    <Panel title="Run">
      {plan.run !== null && <Progress plan={plan} run={plan.run} />}
      <Choices plan={plan} actions={actions} />
      {!isOver && refusals.map((refusal) => <RefusalNote key={refusal.detail} refusal={refusal} />)}
      <FailureLine failure={failure} look="note" />
    </Panel>
  );
}

/** Why parts of what can be done with a plan are switched off, each reason once. */
function usePlanRefusals(): readonly Refusal[] {
  const refusals = [useRefusal('plans.run'), useRefusal('plans.wish'), useRefusal('plans.decide')];
  return distinctRefusals(refusals.filter((refusal) => refusal !== null));
}

function Progress({ plan, run }: { plan: PlanView; run: NonNullable<PlanView['run']> }): ReactNode {
  const { succeeded, failed, waiting, skipped, started, committedCredits } = run.tallies;
  const underWay = started - succeeded - failed - waiting;
  const jobs = plan.plannedJobs;
  return (
    <>
      <progress className="plan-progress" value={run.position} max={jobs} aria-label="Jobs looked at" />
      <output>
        {formatCount(run.position)} of {counted(jobs, 'job')} looked at: {succeeded} succeeded, {failed} failed,{' '}
        {underWay} under way, {waiting} without credit, {skipped} skipped. <Credits credits={committedCredits} />{' '}
        credits spent or held.
      </output>
      {run.ended !== null && (
        <p className="note" data-tone={plan.state === 'stopped' ? 'warning' : undefined}>
          <span>
            {run.ended.why} <Credits credits={run.ended.unspentCredits} /> credits of the plan were left unspent.
          </span>
        </p>
      )}
    </>
  );
}

type Actions = ReturnType<typeof usePlanActions>;

function Choices({ plan, actions }: { plan: PlanView; actions: Actions }): ReactNode {
  switch (plan.state) {
    case 'planned':
      return <BeforeRun plan={plan} actions={actions} />;
    case 'running':
      return <Running plan={plan} actions={actions} />;
    case 'paused':
      return (
        <div className="plan-actions">
          <GoOn plan={plan} actions={actions} />
          <StopButton actions={actions} />
        </div>
      );
    case 'finished':
    case 'stopped':
    case 'rejected':
    case 'withdrawn':
      return null;
  }
}

function Running({ plan, actions }: { plan: PlanView; actions: Actions }): ReactNode {
  const cannotWish = useRefusal('plans.wish') !== null;
  if (plan.wish !== null)
    return <output className="muted">Asked to {plan.wish}; it obeys before its next step.</output>;
  return (
    <div className="plan-actions">
      <button
        type="button"
        className="button"
        disabled={actions.wish.isPending || cannotWish}
        onClick={() => actions.wish.mutate('pause')}
      >
        <Pause aria-hidden size={14} />
        Pause
      </button>
      <StopButton actions={actions} />
      {plan.holder === null && (
        <>
          <span className="muted">No console runs it at the moment.</span>
          <GoOn plan={plan} actions={actions} />
        </>
      )}
    </div>
  );
}

function StopButton({ actions }: { actions: Actions }): ReactNode {
  const cannotWish = useRefusal('plans.wish') !== null;
  return (
    <button
      type="button"
      className="button"
      data-kind="danger"
      disabled={actions.wish.isPending || cannotWish}
      onClick={() => actions.wish.mutate('stop')}
    >
      <CircleStop aria-hidden size={14} />
      Stop for good
    </button>
  );
}

function GoOn({ plan, actions }: { plan: PlanView; actions: Actions }): ReactNode {
  const { run } = plan;
  const cannotRun = useRefusal('plans.run') !== null;
  if (run === null) return null;
  const { ramp, limits } = run;
  return (
    <button
      type="button"
      className="button"
      data-kind="primary"
      disabled={actions.run.isPending || cannotRun}
      onClick={() => actions.run.mutate({ ramp, limits, typedCredits: null })}
    >
      <Play aria-hidden size={14} />
      Go on
    </button>
  );
}

function BeforeRun({ plan, actions }: { plan: PlanView; actions: Actions }): ReactNode {
  const person = useEngineStatus().data?.person.id ?? '';
  const isOwn = samePerson(person, plan.proposed.by.id);
  const isApproved = plan.decided?.decision === 'approved';
  const mayRun = useRefusal('plans.run') === null;
  if (plan.plannedJobs === 0) return <p>No job of this plan may be retried; see below why.</p>;
  return (
    <>
      {plan.consent === 'second_person' && (
        <p className="note" data-tone={isApproved ? undefined : 'warning'}>
          <span>
            Above <Credits credits={plan.approvalCredits} /> credits another person must approve.{' '}
            {isApproved && (
              <>
                Approved by <bdi>{plan.decided?.by.id}</bdi>.
              </>
            )}
          </span>
        </p>
      )}
      {(plan.consent !== 'second_person' || isApproved) && mayRun && <RunForm plan={plan} run={actions.run} />}
      <div className="plan-actions">
        {isOwn ? (
          <DecideButton actions={actions} decision="withdrawn" label="Withdraw the plan" />
        ) : (
          <>
            {plan.consent === 'second_person' && !isApproved && (
              <DecideButton actions={actions} decision="approved" label="Approve" />
            )}
            <DecideButton actions={actions} decision="rejected" label="Reject" />
          </>
        )}
      </div>
    </>
  );
}

function DecideButton({
  actions,
  decision,
  label,
}: {
  actions: Actions;
  decision: 'approved' | 'rejected' | 'withdrawn';
  label: string;
}): ReactNode {
  const cannotDecide = useRefusal('plans.decide') !== null;
  return (
    <button
      type="button"
      className="button"
      data-kind={decision === 'approved' ? 'primary' : undefined}
      disabled={actions.decide.isPending || cannotDecide}
      onClick={() => actions.decide.mutate(decision)}
    >
      {label}
    </button>
  );
}
