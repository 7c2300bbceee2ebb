import { CirclePause, CirclePlay, Cog } from 'lucide-react';
import type { ReactNode } from 'react';
import { runnerActionOf, type RunnerAction } from '#contract/runner-action.ts';
import type { RunnerStatus } from '#contract/status.ts';
import { explainError } from '#domain/errors.ts';
import { refusalCode } from '#domain/people.ts';
import { useRefusal } from '../state/access.ts';
import { useEngineStatus, useRunnerControl, useRunnerOrderFailure } from '../state/engine-queries.tsx';
import { FailureLine } from '../components/failure-line.tsx';

const SAYS: Readonly<Record<RunnerStatus['state'], string>> = {
  off: 'No runner here',
  running: 'Runner on',
  paused: 'Runner paused',
  draining: 'Runner finishing',
  stopped: 'Runner stopped',
};

const ACTIONS: Readonly<Record<RunnerAction, { readonly name: string; readonly does: string }>> = {
  pause: { name: 'Pause the runner', does: 'Pause: takes no new jobs, finishes what it has' },
  resume: { name: 'Resume the runner', does: 'Resume: takes jobs again' },
  start: { name: 'Start the runner again', does: 'Start again: looks whether what kept it from running is mended' },
};

/** This machine's runner: what it does, and the switch that pauses it, or starts it again where it could not be begun. */
export function RunnerCard(): ReactNode {
  const runner = useEngineStatus().data?.runner;
  const control = useRunnerControl();
  const failure = useRunnerOrderFailure();
  const refusal = useRefusal('runner.control');
  if (runner === undefined) return null;
  const action = runnerActionOf(runner);
  return (
    <section className="side-card" aria-label="Runner" data-state={runner.state}>
      <Cog aria-hidden size={16} className={runner.active > 0 ? 'is-turning' : undefined} />
      <div className="side-card-text">
        <strong>{SAYS[runner.state]}</strong>
        {runner.state !== 'off' && (
          <span className="muted tabular">
            {runner.active} of {runner.concurrency} busy
          </span>
        )}
        <FailureLine failure={failure} look="inline" />
      </div>
      {action !== null && (
        <button
          type="button"
          className="icon-button"
          disabled={control.isPending || refusal !== null}
          onClick={() => control.mutate(action)}
          aria-label={ACTIONS[action].name}
          title={
            refusal !== null
              ? explainError({ code: refusalCode(refusal), detail: refusal.detail })
              : ACTIONS[action].does
          }
        >
          {action === 'pause' ? <CirclePause aria-hidden size={16} /> : <CirclePlay aria-hidden size={16} />}
        </button>
      )}
    </section>
  );
}
