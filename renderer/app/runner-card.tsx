import { CirclePause, CirclePlay, Cog } from 'lucide-react';
import type { ReactNode } from 'react';
import type { RunnerStatus } from '#contract/status.ts';
import { explainError } from '#domain/errors.ts';
import { refusalCode } from '#domain/people.ts';
import { useRefusal } from '../state/access.ts';
import { toWireError } from '../state/engine-failure.ts';
import { useEngineStatus, useRunnerControl } from '../state/engine-queries.tsx';

const SAYS: Readonly<Record<RunnerStatus['state'], string>> = {
  off: 'No runner here',
  running: 'Runner on',
  paused: 'Runner paused',
  draining: 'Runner finishing',
  stopped: 'Runner stopped',
};

/** This machine's runner: what it does, and the switch that pauses it. */
export function RunnerCard(): ReactNode {
  const runner = useEngineStatus().data?.runner;
  const control = useRunnerControl();
  const refusal = useRefusal('runner.control');
  if (runner === undefined) return null;
  const action = runner.state === 'running' ? 'pause' : runner.state === 'paused' ? 'resume' : null;
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
        {control.error !== null && (
          <span className="text-danger" role="alert">
            {explainError(toWireError(control.error))}
          </span>
        )}
      </div>
      {action !== null && (
        <button
          type="button"
          className="icon-button"
          disabled={control.isPending || refusal !== null}
          onClick={() => control.mutate(action)}
          aria-label={action === 'pause' ? 'Pause the runner' : 'Resume the runner'}
          title={
            refusal !== null
              ? explainError({ code: refusalCode(refusal), detail: refusal.detail })
              : action === 'pause'
                ? 'Pause: takes no new jobs, finishes what it has'
                : 'Resume: takes jobs again'
          }
        >
          {action === 'pause' ? <CirclePause aria-hidden size={16} /> : <CirclePlay aria-hidden size={16} />}
        </button>
      )}
    </section>
  );
}
