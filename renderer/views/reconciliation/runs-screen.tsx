import { History, Repeat } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { RepeatedRun, RunSummary } from '#contract/reconciliation-views.ts';
import { counted } from '#domain/counted.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { findingsHref } from '../../state/findings-query-string.ts';
import { useReconciliation, useRepeat, useRuns } from '../../state/reconciliation-queries.ts';
import { FinanceTabs } from './finance-tabs.tsx';
import './reconciliation.css';
import { RunUnderWay } from './run-controls.tsx';
import { scopeWords } from './scope-words.ts';
import { TableHead } from '../../components/table-head.tsx';

/** Every run that this machine keeps: what it came to, how it stood to the one before, and running it once more. */
export function RunsScreen(): ReactNode {
  useTitle('Runs');
  const runs = useRuns();
  const running = useReconciliation().data?.running ?? null;
  const repeat = useRepeat();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Runs</h1>
        <p className="muted">
          Each run is kept whole with a digest of all that it read. Repeating one takes its moment over the copy as it
          is now and says whether it comes out the same to the byte; nothing of it is kept.
        </p>
      </header>
      <FinanceTabs />
      {running !== null && <RunUnderWay running={running} />}
      {repeat.data !== undefined && !repeat.isPending && <Repeated repeated={repeat.data} />}
      <FailureLine failure={repeat.error} look="note" />
      {runs.isPending && <output>Reading the runs…</output>}
      {runs.data === undefined && runs.error !== null && (
        <FailureMessage failure={runs.error} onAskAgain={() => void runs.refetch()} />
      )}
      {runs.data !== undefined && (
        <RunTable
          rows={runs.data.rows}
          keptMax={runs.data.keptMax}
          isBusy={running !== null || repeat.isPending}
          onRepeat={(runId) => repeat.mutate(runId)}
        />
      )}
    </div>
  );
}

function Repeated({ repeated }: { repeated: RepeatedRun }): ReactNode {
  const { isSame, areInputsSame, areRulesSame, onlyNow, onlyThen } = repeated;
  return (
    <output className="note" data-tone={isSame ? 'success' : 'warning'}>
      <span>
        <strong>{isSame ? 'It comes out the same, to the byte.' : 'It does not come out the same.'}</strong>{' '}
        {!areInputsSame && 'Documents have changed since, come or gone. '}
        {!areRulesSame && 'Other months are closed, or other rules or prices are in force. '}
        {!isSame && `${counted(onlyNow, 'finding')} only now, ${onlyThen.toLocaleString('en')} only then.`}
      </span>
    </output>
  );
}

function RunTable({
  rows,
  keptMax,
  isBusy,
  onRepeat,
}: {
  rows: readonly RunSummary[];
  keptMax: number;
  isBusy: boolean;
  onRepeat: (runId: string) => void;
}): ReactNode {
  const isOnline = useEngineStatus().data?.connection.state === 'connected';
  if (rows.length === 0) {
    return (
      <ScreenMessage
        icon={History}
        title="No run yet"
        action={
          <Link className="button" href="/reconciliation">
            Run the rules
          </Link>
        }
      >
        Every run is listed here.
      </ScreenMessage>
    );
  }
  return (
    <>
      <table className="findings-table">
        <caption className="visually-hidden">Kept runs, newest first</caption>
        <TableHead
          columns={[
            'As of',
            'Over',
            { number: 'Findings' },
            'Since the run before',
            { number: 'Entries read' },
            'Repeat',
          ]}
        />
        <tbody>
          {rows.map((run) => (
            <tr key={run.runId}>
              <th scope="row">
                <Link href={findingsHref({ rules: [], workspaceIds: [] }, undefined, run.runId)}>
                  <ExactTime atMs={run.asOfMs} />
                </Link>
                <span className="cell-note mono">{run.runId.slice(0, 16)}</span>
              </th>
              <td className="run-scope">
                <bdi>{scopeWords(run.scope)}</bdi>
              </td>
              <td className="number">{run.findings.toLocaleString('en')}</td>
              <td>{comparisonWords(run.comparison)}</td>
              <td className="number">{run.inputs.entries.toLocaleString('en')}</td>
              <td>
                <button
                  type="button"
                  className="button"
                  aria-label={`Repeat the run of ${new Date(run.asOfMs).toISOString()}`}
                  disabled={isBusy || !isOnline}
                  onClick={() => onRepeat(run.runId)}
                >
                  <Repeat aria-hidden size={14} />
                  Repeat
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted">
        {rows.length < keptMax
          ? `The newest ${counted(keptMax, 'run')} are kept.`
          : `With one more run the oldest is deleted: ${counted(keptMax, 'run')} are kept.`}
      </p>
    </>
  );
}

function comparisonWords(comparison: RunSummary['comparison']): string {
  if (comparison === null) return 'the first of its kind';
  const { new: fresh, stillOpen, solved } = comparison;
  return [
    `${fresh.toLocaleString('en')} new`,
    `${stillOpen.toLocaleString('en')} still open`,
    `${solved.toLocaleString('en')} solved`,
  ].join(', ');
}
