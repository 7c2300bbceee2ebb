import { BellOff, BellRing, Check, Pencil, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { AlertRuleView } from '#contract/alert-views.ts';
import type { AlertRule } from '#domain/alerts/alert-rule.ts';
import { alertRuleText, alertValueText } from '#domain/alerts/alert-words.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { Panel } from '../../components/panel.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useAlertChange } from '../../state/alert-queries.ts';
import { TableHead } from '../../components/table-head.tsx';

/** The rules with where they stand now. */
export function RuleTable({
  rules,
  onEdit,
}: {
  rules: readonly AlertRuleView[];
  onEdit: (rule: AlertRule) => void;
}): ReactNode {
  const [leaving, setLeaving] = useState<AlertRule | null>(null);
  const change = useAlertChange();
  return (
    <Panel title="Rules">
      <table className="plain-table alert-rules">
        <caption className="visually-hidden">Rules of alerts</caption>
        <TableHead columns={['Rule', 'State', { number: 'Now' }, { hidden: 'What can be done' }]} />
        <tbody>
          {rules.map((view) => (
            <tr key={view.rule.id}>
              <th scope="row">
                <bdi>{view.rule.name}</bdi>
                <span className="cell-note">
                  {alertRuleText(view.rule)}
                  {scopeText(view.rule)}
                </span>
              </th>
              <td>
                <Standing view={view} />
              </td>
              <td className="number">
                {view.value === null || !view.rule.isOn
                  ? '–'
                  : alertValueText(view.rule.measure, view.value, view.unknownCosts)}
              </td>
              <td className="alert-actions">
                <label className="choice">
                  <input
                    type="checkbox"
                    checked={view.rule.isOn}
                    disabled={change.isPending}
                    aria-label={`${view.rule.name}: switched on`}
                    onChange={(event) => change.mutate({ put: { ...view.rule, isOn: event.target.checked } })}
                  />
                  On
                </label>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Change ${view.rule.name}`}
                  onClick={() => onEdit(view.rule)}
                >
                  <Pencil aria-hidden size={15} />
                </button>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Delete ${view.rule.name}`}
                  onClick={() => setLeaving(view.rule)}
                >
                  <Trash2 aria-hidden size={15} />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <FailureLine failure={change.error} />
      {leaving !== null && <DeleteDialog rule={leaving} onClose={() => setLeaving(null)} />}
    </Panel>
  );
}

function scopeText({ scope }: AlertRule): string {
  const names = [scope.kind, scope.provider, scope.model].filter((name) => name !== null);
  return names.length === 0 ? '' : ` · only ${names.join(', ')}`;
}

function Standing({ view: { rule, standing, value } }: { view: AlertRuleView }): ReactNode {
  if (!rule.isOn) {
    return (
      <span className="alert-standing" data-standing="off">
        <BellOff aria-hidden size={14} />
        Off
      </span>
    );
  }
  if (standing.isFiring) {
    return (
      <span className="alert-standing" data-standing="firing">
        <BellRing aria-hidden size={14} />
        Fires since {standing.changedAtMs === null ? '' : <RelativeTime atMs={standing.changedAtMs} />}
      </span>
    );
  }
  return (
    <span className="alert-standing" data-standing="quiet">
      <Check aria-hidden size={14} />
      {standing.turningSinceMs !== null
        ? 'At its threshold, not for long enough yet'
        : value === null
          ? 'Nothing known yet'
          : 'All is well'}
    </span>
  );
}

function DeleteDialog({ rule, onClose }: { rule: AlertRule; onClose: () => void }): ReactNode {
  const change = useAlertChange();
  return (
    <ConfirmDialog
      title="Delete the rule"
      action="Delete"
      doing={change}
      onConfirm={() => change.mutate({ remove: rule.id }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <bdi>{rule.name}</bdi> is taken away from this machine. What it fired stays in the log.
    </ConfirmDialog>
  );
}
