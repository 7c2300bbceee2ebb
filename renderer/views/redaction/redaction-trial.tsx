import { FlaskConical } from 'lucide-react';
import type { ReactNode } from 'react';
import type { RedactionTrialView } from '#contract/redaction-views.ts';
import { wordsOfRule, type RedactionDraft } from '#domain/redaction/redaction-rule.ts';
import { counted } from '#domain/counted.ts';
import { FailureMessage } from '../../components/screen-message.tsx';
import { TRIED_JOBS, useTryRedaction } from '../../state/redaction-queries.ts';
import { TableHead } from '../../components/table-head.tsx';

/** Tries a draft against the newest jobs before it is put in force. @param draft null while it cannot be used */
export function RedactionTrial({ draft }: { draft: RedactionDraft | null }): ReactNode {
  const { trial, stop } = useTryRedaction();
  const isOfDraft = trial.variables === draft;
  const run = (): void => {
    if (draft !== null) trial.mutate(draft);
  };
  return (
    <div className="version-trial">
      <div className="plan-actions">
        <button
          type="button"
          className="button"
          disabled={draft === null || draft.rules.length === 0 || trial.isPending}
          onClick={run}
        >
          <FlaskConical aria-hidden size={14} />
          Try it on the newest {TRIED_JOBS} jobs
        </button>
        {trial.isPending && (
          <>
            <output className="muted">Looking…</output>
            <button type="button" className="button" onClick={stop}>
              Stop
            </button>
          </>
        )}
      </div>
      {trial.error !== null && isOfDraft && <FailureMessage failure={trial.error} onAskAgain={run} />}
      {trial.data !== undefined && !isOfDraft && (
        <output className="note" data-tone="warning">
          The draft was changed since; try it again.
        </output>
      )}
      {trial.data !== undefined && isOfDraft && draft !== null && <TrialResult trial={trial.data} draft={draft} />}
    </div>
  );
}

function TrialResult({ trial, draft }: { trial: RedactionTrialView; draft: RedactionDraft }): ReactNode {
  const rules = new Map(draft.rules.map((rule) => [rule.id, rule]));
  return (
    <>
      <p>
        Looked at {counted(trial.jobs, 'job')} of the offline copy, without outputs. Only counts are shown, not what
        matches.
      </p>
      <table className="plain-table">
        <caption className="visually-hidden">What each rule would hide</caption>
        <TableHead columns={['Rule', { number: 'Places' }, { number: 'Jobs' }]} />
        <tbody>
          {trial.rules.map(({ ruleId, matches, jobs }) => {
            const rule = rules.get(ruleId);
            return (
              <tr key={ruleId}>
                <th scope="row">
                  <bdi>{rule === undefined ? ruleId : wordsOfRule(rule)}</bdi>
                </th>
                <td className="number">{matches.toLocaleString('en')}</td>
                <td className="number">{jobs.toLocaleString('en')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
