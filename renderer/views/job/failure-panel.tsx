import { CircleAlert, Lightbulb } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FailureView, JobDetail } from '#contract/job-views.ts';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { LongText } from '../../components/long-text.tsx';
import { Panel } from '../../components/panel.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useClock } from '../../state/clock.ts';
import { usePolicyInForce } from '../../state/policy-queries.ts';
import { adviseOnFailure, explainStanding } from './failure-advice.ts';

/** Why the job failed or waits for another try, and what to do; nothing for a job without a failure. */
export function FailurePanel({ detail }: { detail: JobDetail }): ReactNode {
  const { failure, row } = detail;
  const policy = usePolicyInForce();
  if (failure === null) return null;
  const advice = policy === undefined ? null : adviseOnFailure(policy.classes[failure.class], detail.charge.status);
  return (
    <Panel
      title={row.state === 'retrying' ? 'Why it is tried again' : 'Why it failed'}
      aside={<RelativeTime atMs={failure.atMs} />}
    >
      <FailureText failure={failure} name="Error message" />
      <p className="advice">
        <Lightbulb aria-hidden size={15} />
        <span>
          {advice === null ? 'What the policy says of it is known when the server answers.' : advice.why}{' '}
          {row.state === 'retrying' ? (
            <>
              It is tried again by itself, due <RelativeTime atMs={row.notBeforeMs} />.
            </>
          ) : (
            advice?.whatToDo
          )}
        </span>
      </p>
    </Panel>
  );
}

/** Class, code and message of a failure. */
export function FailureText({ failure, name }: { failure: FailureView; name: string }): ReactNode {
  return (
    <div className="failure-text">
      <p>
        <CircleAlert aria-hidden size={15} className="text-danger" />
        <span className="failure-class">{FAILURE_CLASS_NAMES[failure.class]}</span>
        <code>{failure.code}</code>
      </p>
      <LongText text={failure.message} name={name} />
    </div>
  );
}

/** One line that says what the job waits for. */
export function Standing({ detail }: { detail: JobDetail }): ReactNode {
  const says = useClock((nowMs) => explainStanding(detail, nowMs));
  if (says === null) return null;
  return (
    <p className="standing">
      {says}
      {detail.row.notBeforeMs > detail.row.updatedAtMs && detail.row.state !== 'running' && (
        <>
          {' '}
          Due <RelativeTime atMs={detail.row.notBeforeMs} />.
        </>
      )}
    </p>
  );
}
