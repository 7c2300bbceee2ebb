import type { ReactNode } from 'react';
import type { AttemptView, JobDetail } from '#contract/job-views.ts';
import { ProviderCost } from '../../components/credits-text.tsx';
import { formatDuration } from '../../components/durations.ts';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useClock } from '../../state/clock.ts';
import { ChecksTable } from './checks-panel.tsx';
import { FailureText } from './failure-panel.tsx';

/** Every attempt, the last one first: by whom, with what, at what cost, and how it ended. */
export function AttemptsPanel({ detail }: { detail: JobDetail }): ReactNode {
  return (
    <Panel
      title="Attempts"
      aside={
        <span className="muted tabular">
          {detail.row.attempt} made; of one generation at most {detail.row.maxAttempts} may fail
        </span>
      }
    >
      {detail.attempts.length === 0 ? (
        <p className="muted">No runner has tried it yet.</p>
      ) : (
        <ol className="attempts" reversed aria-label="Attempts, the last one first">
          {detail.attempts.toReversed().map((attempt) => (
            <Attempt
              key={`${attempt.n} ${attempt.startedAtMs}`}
              attempt={attempt}
              isLast={attempt === detail.attempts.at(-1)}
            />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function Attempt({ attempt, isLast }: { attempt: AttemptView; isLast: boolean }): ReactNode {
  return (
    <li className="attempt" data-outcome={outcomeOf(attempt)}>
      <details open={isLast}>
        <summary>
          <strong>Attempt {attempt.n}</strong> <span className="attempt-outcome">{outcomeOf(attempt)}</span>{' '}
          <AttemptLength attempt={attempt} />
        </summary>
        <Facts>
          <Fact name="Started">
            <ExactTime atMs={attempt.startedAtMs} withMs />
          </Fact>
          <Fact name="Ended">{attempt.endedAtMs === null ? '' : <ExactTime atMs={attempt.endedAtMs} withMs />}</Fact>
          <Fact name="Provider">
            <bdi>{attempt.provider}</bdi>
          </Fact>
          <Fact name="Model">
            <bdi>{attempt.model}</bdi>
          </Fact>
          <Fact name="Acceptance id">
            {attempt.acceptanceId === null ? '' : <bdi className="mono">{attempt.acceptanceId}</bdi>}
          </Fact>
          <Fact name="Provider cost">
            <ProviderCost microUsd={attempt.providerCostMicroUsd} />
          </Fact>
          <Fact name="Runner">
            <bdi className="mono">{attempt.runnerId}</bdi>
          </Fact>
          <Fact name="Generation">
            <bdi className="mono">{attempt.generationId}</bdi>
          </Fact>
        </Facts>
        {attempt.failure !== null && (
          <FailureText failure={attempt.failure} name={`Error message of attempt ${attempt.n}`} />
        )}
        {attempt.validation !== null && (
          <ChecksTable validation={attempt.validation} name={`Checks of attempt ${attempt.n}`} />
        )}
      </details>
    </li>
  );
}

function outcomeOf(attempt: AttemptView): 'under way' | 'failed' | 'passed' {
  if (attempt.endedAtMs === null) return 'under way';
  return attempt.failure === null ? 'passed' : 'failed';
}

function AttemptLength({ attempt }: { attempt: AttemptView }): ReactNode {
  const text = useClock((nowMs) => formatDuration((attempt.endedAtMs ?? nowMs) - attempt.startedAtMs));
  return <span className="muted tabular">{text}</span>;
}
