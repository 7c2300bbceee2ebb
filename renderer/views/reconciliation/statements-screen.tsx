import { ReceiptText } from 'lucide-react';
import type { ReactNode } from 'react';
import type { StatementView } from '#contract/period-views.ts';
import { periodSchema } from '#domain/ledger.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useStatements, useStatementsExport } from '../../state/finance-queries.ts';
import { ExportButtons } from './export-buttons.tsx';
import { FinanceTabs } from './finance-tabs.tsx';
import { MonthField, NoMonthMessage, useMonth } from './month-field.tsx';
import { TableHead } from '../../components/table-head.tsx';
import { WorkspaceField } from './workspace-field.tsx';
import { ServerWait } from './server-wait.tsx';
import './reconciliation.css';

/** Statements by workspace and month: opening balance, grants, spend by kind, refunds, adjustments, closing balance. */
export function StatementsScreen(): ReactNode {
  useTitle('Statements');
  const [{ period, workspace }, show] = useMonth('/reconciliation/statements');
  const isMonth = safeParse(periodSchema, period).success;
  const workspaceId = workspace.trim() || null;
  const exporting = useStatementsExport();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Statements</h1>
        <p className="muted">
          Of a closed month they stay as they are, to the byte; what comes late is listed in the next month. From the
          offline copy.
        </p>
      </header>
      <FinanceTabs />
      <div className="run-form">
        <MonthField period={period} onChange={(month) => show({ period: month })} />
        <WorkspaceField workspace={workspace} onChange={(typed) => show({ workspace: typed })} />
        {isMonth && (
          <ExportButtons state={exporting} onExport={(format) => exporting.mutate({ period, workspaceId, format })} />
        )}
      </div>
      {isMonth ? <Statements period={period} workspaceId={workspaceId} /> : <NoMonthMessage />}
    </div>
  );
}

function Statements({ period, workspaceId }: { period: string; workspaceId: string | null }): ReactNode {
  const statements = useStatements(period, workspaceId);
  if (statements.isPending) return <ServerWait doing="Adding up the ledger…" />;
  if (statements.data === undefined) {
    return <FailureMessage failure={statements.error} onAskAgain={() => void statements.refetch()} />;
  }
  const { rows, total, isClosed } = statements.data;
  if (rows.length === 0) {
    return (
      <ScreenMessage icon={ReceiptText} title="No workspace has a balance or a movement">
        Choose another month or workspace.
      </ScreenMessage>
    );
  }
  return (
    <>
      <p>
        <strong>{period}</strong> is {isClosed ? 'closed' : 'open: figures may still change'}.
        {total > rows.length &&
          ` ${rows.length.toLocaleString('en')} of ${total.toLocaleString('en')} workspaces are shown; an export has all.`}
      </p>
      <table className="findings-table">
        <caption className="visually-hidden">Statements of {period}</caption>
        <TableHead
          columns={[
            'Workspace',
            { number: 'Opening' },
            { number: 'Grants' },
            { number: 'Spend' },
            { number: 'Refunds' },
            { number: 'Adjustments' },
            { number: 'Closing' },
          ]}
        />
        <tbody>
          {rows.map((row) => (
            <StatementRow key={row.workspaceId} row={row} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function StatementRow({ row }: { row: StatementView }): ReactNode {
  const spent = row.spend.reduce((sum, { credits }) => sum + credits, 0);
  return (
    <tr>
      <th scope="row" className="mono">
        <bdi>{row.workspaceId}</bdi>
        {row.lateEntries > 0 && <span className="tag">{row.lateEntries.toLocaleString('en')} late</span>}
      </th>
      <td className="number">
        <Credits credits={row.opening} />
      </td>
      <td className="number">
        <Credits credits={row.grants} />
      </td>
      <td className="number">
        <Credits credits={-spent} />
        {row.spend.map(({ kind, credits, captures }) => (
          <span key={kind} className="cell-note">
            <bdi>{kind}</bdi> <Credits credits={credits} />, {captures.toLocaleString('en')}×
          </span>
        ))}
      </td>
      <td className="number">
        <Credits credits={row.refunds} />
      </td>
      <td className="number">
        <Credits credits={row.adjustments} />
      </td>
      <td className="number">
        <strong>
          <Credits credits={row.closing} />
        </strong>
      </td>
    </tr>
  );
}
