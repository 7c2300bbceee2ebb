import { CalendarCheck2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { PeriodView } from '#contract/period-views.ts';
import type { RequestResult } from '#contract/requests.ts';
import { counted } from '#domain/counted.ts';
import { explainError } from '#domain/errors.ts';
import { endOfPeriodMs } from '#domain/reconciliation/period-close.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useClock } from '../../state/clock.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useClosePeriod, usePeriods } from '../../state/finance-queries.ts';
import { useReconciliation } from '../../state/reconciliation-queries.ts';
import { FinanceTabs } from './finance-tabs.tsx';
import { ServerWait } from './server-wait.tsx';
import './reconciliation.css';
import { WorkUnderWay } from './run-controls.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** The closed months with their chain of hashes, and closing the next one. */
export function MonthsScreen(): ReactNode {
  useTitle('Months');
  const periods = usePeriods();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Months</h1>
        <p className="muted">
          Nothing may be dated into a closed month any more; what comes late is listed in the next one. Each closed
          month carries a hash that holds the one before.
        </p>
      </header>
      <FinanceTabs />
      {periods.isPending && <ServerWait doing="Reading the closed months…" />}
      {periods.data === undefined && periods.error !== null && (
        <FailureMessage failure={periods.error} onAskAgain={() => void periods.refetch()} />
      )}
      {periods.data !== undefined && (
        <>
          <CloseNext {...periods.data} />
          <ClosedMonths rows={periods.data.rows} />
        </>
      )}
    </div>
  );
}

function CloseNext({
  next: period,
  isNextOver,
  openCreditsMax,
}: Omit<RequestResult<'periods.list'>, 'rows'>): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const close = useClosePeriod();
  const refusal = useRefusal('periods.close');
  const state = useReconciliation().data;
  const closing = state?.closing ?? null;
  const isBusy = closing !== null || (state?.running ?? null) !== null;
  const endMs = endOfPeriodMs(period);
  // The month may end while somebody waits for it here.
  const isOver = useClock((nowMs) => nowMs >= endMs) || isNextOver;
  return (
    <div className="run-form">
      <p>
        <strong>{period}</strong> comes next. It is closed once no open finding is worth more than{' '}
        <Credits credits={openCreditsMax} /> credits.
        {!isOver && (
          <>
            {' '}
            It is not over: it can be closed from <ExactTime atMs={endMs} /> on.
          </>
        )}
      </p>
      <button
        type="button"
        className="button"
        data-kind="primary"
        disabled={!isOver || close.isPending || isBusy || refusal !== null}
        onClick={() => setAsking(true)}
      >
        Close {period}…
      </button>
      {closing !== null && <WorkUnderWay what={`Closing ${closing.period}`} progress={closing.progress} />}
      {close.data !== undefined && !close.isPending && (
        <output>
          {close.data.period} is closed: {counted(close.data.entries, 'entry', 'entries')}.
        </output>
      )}
      {close.error !== null && <CloseFailure failure={close.error} />}
      {isAsking && (
        <ModalDialog title={`Close ${period}`} onClose={() => setAsking(false)}>
          <form
            className="dialog-body"
            onSubmit={(event) => {
              event.preventDefault();
              setAsking(false);
              close.mutate({ period });
            }}
          >
            <p>
              Every rule is run over everything on the server first. Once it is closed, nothing can be dated into{' '}
              {period} or before it, and it cannot be opened again.
            </p>
            <div className="dialog-actions">
              <button type="button" className="button" onClick={() => setAsking(false)}>
                Leave it open
              </button>
              <button type="submit" className="button" data-kind="danger">
                Close {period}
              </button>
            </div>
          </form>
        </ModalDialog>
      )}
    </div>
  );
}

function CloseFailure({ failure }: { failure: Error }): ReactNode {
  const error = toWireError(failure);
  const isCancelled = error.code === 'cancelled';
  return (
    <p className="note" data-tone={isCancelled ? 'warning' : 'danger'} role={isCancelled ? 'status' : 'alert'}>
      {isCancelled ? 'The closing was stopped; the month is still open.' : explainError(error)}
    </p>
  );
}

function ClosedMonths({ rows }: { rows: readonly PeriodView[] }): ReactNode {
  if (rows.length === 0) {
    return (
      <ScreenMessage icon={CalendarCheck2} title="No month is closed yet">
        Close the first one once its findings are mended or accepted.
      </ScreenMessage>
    );
  }
  return (
    <table className="findings-table">
      <caption className="visually-hidden">Closed months</caption>
      <TableHead columns={['Month', 'Closed', { number: 'Entries' }, { number: 'Net credits' }, 'Hash']} />
      <tbody>
        {rows.map((row) => (
          <tr key={row.period}>
            <th scope="row">{row.period}</th>
            <td>
              <ExactTime atMs={row.closedAtMs} /> by <bdi>{row.closedBy}</bdi>
            </td>
            <td className="number">{row.entries.toLocaleString('en')}</td>
            <td className="number">
              <Credits credits={row.netCredits} />
            </td>
            <td>
              <code>{row.hash.slice(0, 16)}…</code>
              <CopyButton text={row.hash} name={`the hash of ${row.period}`} />
              <span className="cell-note">
                {row.previousHash === null ? 'the first of the chain' : `follows ${row.previousHash.slice(0, 16)}…`}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
