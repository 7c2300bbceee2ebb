import { useState, type FormEvent, type ReactNode } from 'react';
import { ALERT_NAME_MAX, ALERT_SCOPE_NAME_MAX } from '#domain/alerts/alert-rule.ts';
import { ALERT_MEASURE_NAMES } from '#domain/alerts/alert-words.ts';
import { Choice } from '../../components/choice.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { useAlertChange, useAlertTrial } from '../../state/alert-queries.ts';
import { HAS_SCOPE, HAS_WINDOW, ruleOf, UNIT_NAMES, withMeasure, type RuleDraft } from './rule-drafts.ts';
import { TrialResult } from './trial-result.tsx';

/** Makes or changes a rule; it can be tried on the past before it is kept. */
export function RuleForm({ first, onClose }: { first: RuleDraft; onClose: () => void }): ReactNode {
  const [draft, setDraft] = useState(first);
  const [problem, setProblem] = useState<string | null>(null);
  const change = useAlertChange();
  const trial = useAlertTrial();
  const set = (part: Partial<RuleDraft>): void => {
    setDraft({ ...draft, ...part });
    setProblem(null);
    trial.reset();
  };
  const withRule = (use: (rule: Extract<ReturnType<typeof ruleOf>, { rule: unknown }>['rule']) => void): void => {
    const read = ruleOf(draft);
    if ('rule' in read) use(read.rule);
    else setProblem(read.problem);
  };
  const keep = (event: FormEvent): void => {
    event.preventDefault();
    withRule((rule) => change.mutate({ put: rule }, { onSuccess: onClose }));
  };
  return (
    <ModalDialog title="Rule" onClose={onClose}>
      <form className="dialog-body alert-form" onSubmit={keep} noValidate>
        <label className="field">
          Look at
          <Choice
            table={ALERT_MEASURE_NAMES}
            value={draft.measure}
            onChange={(measure) => {
              setDraft(withMeasure(draft, measure));
              trial.reset();
            }}
          />
        </label>
        <TextField isFirst says="Name" value={draft.name} max={ALERT_NAME_MAX} onChange={(name) => set({ name })} />
        <div className="alert-fields">
          <NumberField
            says={`Fires at (${UNIT_NAMES[draft.measure]})`}
            value={draft.threshold}
            onChange={(threshold) => set({ threshold })}
          />
          {HAS_WINDOW.has(draft.measure) && (
            <NumberField
              says={draft.measure === 'stuck' ? 'In one state for (minutes)' : 'Within (minutes)'}
              value={draft.windowMinutes}
              onChange={(windowMinutes) => set({ windowMinutes })}
            />
          )}
          {draft.measure === 'failure_rate' && (
            <NumberField says="Of at least (jobs)" value={draft.jobsMin} onChange={(jobsMin) => set({ jobsMin })} />
          )}
          <NumberField
            says="When it holds for (minutes)"
            value={draft.holdMinutes}
            onChange={(holdMinutes) => set({ holdMinutes })}
          />
        </div>
        {HAS_SCOPE.has(draft.measure) && (
          <fieldset className="alert-fields">
            <legend>Only jobs of (empty for all)</legend>
            <TextField says="Kind" value={draft.kind} max={ALERT_SCOPE_NAME_MAX} onChange={(kind) => set({ kind })} />
            <TextField
              says="Provider"
              value={draft.provider}
              max={ALERT_SCOPE_NAME_MAX}
              onChange={(provider) => set({ provider })}
            />
            <TextField
              says="Model"
              value={draft.model}
              max={ALERT_SCOPE_NAME_MAX}
              onChange={(model) => set({ model })}
            />
          </fieldset>
        )}
        <label className="choice">
          <input type="checkbox" checked={draft.isOn} onChange={(event) => set({ isOn: event.target.checked })} />
          Switched on
        </label>
        <p className="muted">
          It clears a fifth below the threshold, when that has held for as long, so that a value around the threshold
          does not ring again and again.
        </p>
        {trial.data !== undefined && <TrialResult trial={trial.data} measure={draft.measure} />}
        {problem === null ? (
          <FailureLine failure={change.error ?? trial.error} />
        ) : (
          <p className="text-danger" role="alert">
            {problem}
          </p>
        )}
        <div className="dialog-actions">
          <button
            type="button"
            className="button"
            disabled={trial.isPending}
            onClick={() => withRule((rule) => trial.mutate(rule))}
          >
            {trial.isPending ? 'Looking at the last 30 days…' : 'Try on the last 30 days'}
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={change.isPending}>
            Keep the rule
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}

interface TextFieldProps extends FieldProps {
  readonly max: number;
  /** True where the keyboard begins. */
  readonly isFirst?: boolean;
}

interface FieldProps {
  readonly says: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function TextField({ says, value, max, isFirst = false, onChange }: TextFieldProps): ReactNode {
  return (
    <label className="field">
      {says}
      <input
        type="text"
        data-begin={isFirst ? '' : undefined}
        maxLength={max}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function NumberField({ says, value, onChange }: FieldProps): ReactNode {
  return (
    <label className="field">
      {says}
      <input type="number" min={0} step="any" value={value} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
