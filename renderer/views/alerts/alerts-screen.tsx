import { BellRing, Plus } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { AlertsView } from '#contract/alert-views.ts';
import { alertMeasureSchema } from '#domain/alerts/alert-rule.ts';
import { ALERT_MEASURE_NAMES } from '#domain/alerts/alert-words.ts';
import { OldNote } from '../../components/old-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useAlerts } from '../../state/alert-queries.ts';
import { AlertLog } from './alert-log.tsx';
import './alerts.css';
import { QuietPanel } from './quiet-panel.tsx';
import { draftOf, typicalDraft, type RuleDraft } from './rule-drafts.ts';
import { RuleForm } from './rule-form.tsx';
import { RuleTable } from './rule-table.tsx';

/** Rules of which the person wants to be told, what fires now, and what fired. */
export function AlertsScreen(): ReactNode {
  useTitle('Alerts');
  const alerts = useAlerts();
  const [form, setForm] = useState<RuleDraft | null>(null);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Alerts</h1>
        <p className="muted">
          Rules of yours, kept on this machine and looked at every 15 seconds while Runledger runs. What fires is told
          on the desktop.
        </p>
        <button type="button" className="button" onClick={() => setForm(typicalDraft('failure_rate'))}>
          <Plus aria-hidden size={14} />
          New rule
        </button>
      </header>
      {alerts.data !== undefined ? (
        <>
          <OldNote failure={alerts.error} />
          <Alerts view={alerts.data} onEdit={setForm} />
        </>
      ) : alerts.error !== null ? (
        <FailureMessage failure={alerts.error} onAskAgain={() => void alerts.refetch()} />
      ) : (
        <div aria-busy="true">
          <output className="visually-hidden">Reading the rules…</output>
          <div className="skeleton-block" />
        </div>
      )}
      {form !== null && <RuleForm key={form.id} first={form} onClose={() => setForm(null)} />}
    </div>
  );
}

function Alerts({ view, onEdit }: { view: AlertsView; onEdit: (draft: RuleDraft) => void }): ReactNode {
  return (
    <>
      {view.rules.length === 0 ? (
        <ScreenMessage
          icon={BellRing}
          title="There is no rule yet"
          action={
            <ul className="alert-suggestions" aria-label="Begin with">
              {alertMeasureSchema.options.map((measure) => (
                <li key={measure}>
                  <button type="button" className="button" onClick={() => onEdit(typicalDraft(measure))}>
                    {ALERT_MEASURE_NAMES[measure]}
                  </button>
                </li>
              ))}
            </ul>
          }
        >
          Nobody is told of anything. Begin with one of these; it can be tried on the last 30 days before it is switched
          on.
        </ScreenMessage>
      ) : (
        <RuleTable rules={view.rules} onEdit={(rule) => onEdit(draftOf(rule))} />
      )}
      <QuietPanel key={JSON.stringify(view.quiet)} quiet={view.quiet} isQuietNow={view.isQuietNow} />
      <AlertLog events={view.events} />
    </>
  );
}
