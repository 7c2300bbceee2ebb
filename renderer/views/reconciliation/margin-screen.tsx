import { ChartNoAxesCombined } from 'lucide-react';
import type { ReactNode } from 'react';
import type { MarginLine } from '#contract/period-views.ts';
import { counted } from '#domain/counted.ts';
import { periodSchema } from '#domain/ledger.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { Credits, ProviderCost } from '../../components/credits-text.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useMargin, useMarginExport } from '../../state/finance-queries.ts';
import { ExportButtons } from './export-buttons.tsx';
import { FinanceTabs } from './finance-tabs.tsx';
import { MonthField, NoMonthMessage, useMonth } from './month-field.tsx';
import { TableHead } from '../../components/table-head.tsx';
import { ServerWait } from './server-wait.tsx';
import './reconciliation.css';

/** Credits earned against provider cost, by kind, provider and model. */
export function MarginScreen(): ReactNode {
  useTitle('Margin');
  const [{ period }, show] = useMonth('/reconciliation/margin');
  const isMonth = safeParse(periodSchema, period).success;
  const exporting = useMarginExport();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Margin</h1>
        <p className="muted">
          Credits earned beside what the providers cost. A cost counts in the month in which its attempt ended, a charge
          in the month of its entry. From the offline copy.
        </p>
      </header>
      <FinanceTabs />
      <div className="run-form">
        <MonthField period={period} onChange={(month) => show({ period: month })} />
        {isMonth && <ExportButtons state={exporting} onExport={(format) => exporting.mutate({ period, format })} />}
      </div>
      {isMonth ? <Margin period={period} /> : <NoMonthMessage />}
    </div>
  );
}

function Margin({ period }: { period: string }): ReactNode {
  const margin = useMargin(period);
  if (margin.isPending) return <ServerWait doing="Adding up the month…" />;
  if (margin.data === undefined) {
    return <FailureMessage failure={margin.error} onAskAgain={() => void margin.refetch()} />;
  }
  const { rows, unreadableJobs } = margin.data;
  return (
    <>
      {unreadableJobs > 0 && (
        <p className="note" role="note">
          {counted(unreadableJobs, 'document')} that cannot be read as a job: the cost is in no figure, and what was
          paid stands under no job.
        </p>
      )}
      {rows.length === 0 ? (
        <ScreenMessage icon={ChartNoAxesCombined} title={`Nothing was earned and nothing spent in ${period}`}>
          Choose another month.
        </ScreenMessage>
      ) : (
        <MarginTable rows={rows} period={period} />
      )}
    </>
  );
}

function MarginTable({ rows, period }: { rows: readonly MarginLine[]; period: string }): ReactNode {
  const sum = (field: 'earnedCredits' | 'costMicroUsd' | 'generations' | 'attempts' | 'unknownCosts'): number =>
    rows.reduce((total, row) => total + row[field], 0);
  return (
    <table className="findings-table">
      <caption className="visually-hidden">Margin of {period}</caption>
      <TableHead
        columns={[
          'Kind',
          'Provider',
          'Model',
          { number: 'Generations paid' },
          { number: 'Earned' },
          { number: 'Attempts' },
          { number: 'Cost' },
        ]}
      />
      <tbody>
        {rows.map((row) => (
          <tr key={JSON.stringify([row.kind, row.provider, row.model])}>
            <th scope="row" className="margin-kind">
              <bdi>{row.kind}</bdi>
            </th>
            <td>
              <bdi>{row.provider}</bdi>
            </td>
            <td className="mono">
              <bdi>{row.model}</bdi>
            </td>
            <td className="number">{row.generations.toLocaleString('en')}</td>
            <td className="number">
              <Credits credits={row.earnedCredits} />
            </td>
            <td className="number">{row.attempts.toLocaleString('en')}</td>
            <td className="number">
              <Cost microUsd={row.costMicroUsd} unknownCosts={row.unknownCosts} />
            </td>
          </tr>
        ))}
        <tr className="rule-row">
          <th scope="row" colSpan={3}>
            Together
          </th>
          <td className="number">{sum('generations').toLocaleString('en')}</td>
          <td className="number">
            <Credits credits={sum('earnedCredits')} />
          </td>
          <td className="number">{sum('attempts').toLocaleString('en')}</td>
          <td className="number">
            <Cost microUsd={sum('costMicroUsd')} unknownCosts={sum('unknownCosts')} />
          </td>
        </tr>
      </tbody>
    </table>
  );
}

/** What is known of a cost, beside how many purchases it says nothing of. Nothing known is never shown as 0. */
function Cost({ microUsd, unknownCosts }: { microUsd: number; unknownCosts: number }): ReactNode {
  return (
    <>
      <ProviderCost microUsd={microUsd === 0 && unknownCosts > 0 ? null : microUsd} />
      {unknownCosts > 0 && <span className="cell-note">{unknownCosts.toLocaleString('en')} of unknown cost</span>}
    </>
  );
}
