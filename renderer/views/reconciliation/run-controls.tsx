import { CircleAlert, CircleStop, LoaderCircle, Play } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { ReconciliationProgressView, ReconciliationState } from '#contract/reconciliation-views.ts';
import { ERRORS } from '#domain/errors.ts';
import { periodSchema } from '#domain/ledger.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useReconciliationControl } from '../../state/reconciliation-queries.ts';
import { scopeWords } from './scope-words.ts';
import { MonthField } from './month-field.tsx';
import { WorkspaceField } from './workspace-field.tsx';

/** What to run over, the way to begin, and while it runs how far it is and the way to stop. */
export function RunControls({ state }: { state: ReconciliationState }): ReactNode {
  const control = useReconciliationControl();
  // Kept here: the form is away while a run is under way, and the next run is mostly over the same.
  const [scope, setScope] = useState<TypedScope>({ period: '', workspace: '' });
  const { running } = state;
  return (
    <>
      {running === null ? (
        <RunForm control={control} isBusy={state.closing !== null} scope={scope} onScope={setScope} />
      ) : (
        <RunUnderWay running={running} />
      )}
      {running === null && <RunFailure failure={control.run.error ?? state.error} />}
    </>
  );
}

/** How far the run under way is, and the way to stop it. */
export function RunUnderWay({ running }: { running: NonNullable<ReconciliationState['running']> }): ReactNode {
  return <WorkUnderWay what={scopeWords(running.scope)} progress={running.progress} />;
}

/** How far something is that reads everything, and the way to stop it. */
export function WorkUnderWay({ what, progress }: { what: string; progress: ReconciliationProgressView }): ReactNode {
  const { cancel } = useReconciliationControl();
  return (
    <>
      <div className="run-progress">
        <RunProgress progress={progress} scope={what} />
        <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          <CircleStop aria-hidden size={14} />
          Cancel
        </button>
      </div>
      {cancel.error !== null && <RunFailure failure={cancel.error} />}
    </>
  );
}

/** What to run over, as its fields hold it. */
interface TypedScope {
  readonly period: string;
  readonly workspace: string;
}

function RunForm({
  control,
  isBusy,
  scope: { period, workspace },
  onScope,
}: {
  control: ReturnType<typeof useReconciliationControl>;
  isBusy: boolean;
  scope: TypedScope;
  onScope: (scope: TypedScope) => void;
}): ReactNode {
  const connection = useEngineStatus().data?.connection;
  const isOnline = connection?.state === 'connected';
  return (
    <form
      className="run-form"
      aria-label="Run"
      onSubmit={(event) => {
        event.preventDefault();
        const month = safeParse(periodSchema, period);
        control.run.mutate({ period: month.success ? month.data : null, workspaceId: workspace.trim() || null });
      }}
    >
      <MonthField period={period} onChange={(month) => onScope({ period: month, workspace })} />
      <WorkspaceField workspace={workspace} onChange={(typed) => onScope({ period, workspace: typed })} />
      <button
        type="submit"
        className="button"
        data-kind="primary"
        disabled={!isOnline || control.run.isPending || isBusy}
      >
        <Play aria-hidden size={14} />
        Run the rules
      </button>
      <p className="muted run-hint">
        {isOnline
          ? 'Without a month everything is looked at.'
          : 'A run needs the server, because every difference is confirmed there before it is shown.'}
      </p>
    </form>
  );
}

const PHASES: Readonly<Record<ReconciliationProgressView['phase'], string>> = {
  starting: 'Beginning',
  accounts: 'Reading the accounts',
  jobs: 'Reading the jobs',
  ledger: 'Reading the ledger',
  changes: 'Reading what changed',
  rules: 'Holding the rules against them',
  confirming: 'Asking the server about each difference',
  storing: 'Keeping the outcome',
};

function RunProgress({ progress, scope }: { progress: ReconciliationProgressView; scope: string }): ReactNode {
  const { phase, done, total } = progress;
  return (
    <label className="run-progress-text">
      <LoaderCircle aria-hidden size={16} className="is-turning" />
      <span>
        <strong>{PHASES[phase]}</strong>
        {done > 0 && `: ${done.toLocaleString('en')}`}
        {total !== null && ` of ${total.toLocaleString('en')}`} <span className="muted">({scope})</span>
      </span>
      <progress {...(total === null ? {} : { value: done, max: Math.max(total, 1) })} />
    </label>
  );
}

function RunFailure({ failure }: { failure: unknown }): ReactNode {
  if (failure === null) return null;
  const error = isWireError(failure) ? failure : toWireError(failure);
  const isCancelled = error.code === 'cancelled';
  return (
    <div className="note" data-tone={isCancelled ? 'warning' : 'danger'} role={isCancelled ? 'status' : 'alert'}>
      <CircleAlert aria-hidden size={15} />
      <span>
        <strong>{isCancelled ? 'The run was stopped; nothing of it was kept.' : ERRORS[error.code].message}</strong>{' '}
        {ERRORS[error.code].action}
        {error.detail !== null && !isCancelled && <span className="cell-note">{error.detail}</span>}
      </span>
    </div>
  );
}

function isWireError(failure: unknown): failure is NonNullable<ReconciliationState['error']> {
  return typeof failure === 'object' && failure !== null && !(failure instanceof Error) && 'code' in failure;
}
