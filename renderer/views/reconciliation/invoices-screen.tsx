import { FileSpreadsheet, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { InvoiceView } from '#contract/period-views.ts';
import { counted } from '#domain/counted.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { INVOICE_CASES } from '#domain/reconciliation/invoice.ts';
import { ProviderCost } from '../../components/credits-text.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { JobLink } from '../../components/job-link.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useInvoiceImport, useInvoices } from '../../state/finance-queries.ts';
import { FinanceTabs } from './finance-tabs.tsx';
import { RemoveInvoiceDialog } from './remove-invoice-dialog.tsx';
import { UnreadableInvoices } from './unreadable-invoices.tsx';
import { TableHead } from '../../components/table-head.tsx';
import { ServerWait } from './server-wait.tsx';
import './reconciliation.css';

/** Invoices of providers, matched with the attempts by acceptance id, time and amount. */
export function InvoicesScreen(): ReactNode {
  useTitle('Invoices');
  const invoices = useInvoices();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Invoices</h1>
        <p className="muted">
          A provider’s invoice is matched with the attempts by acceptance id, time and amount. What is left on either
          side is a finding, of the next run too.
        </p>
      </header>
      <FinanceTabs />
      <ImportForm />
      {invoices.isPending && <ServerWait doing="Matching the invoices…" />}
      {invoices.data === undefined && invoices.error !== null && (
        <FailureMessage failure={invoices.error} onAskAgain={() => void invoices.refetch()} />
      )}
      <UnreadableInvoices records={invoices.data?.malformed ?? []} />
      {invoices.data !== undefined &&
        (invoices.data.rows.length === 0 ? (
          <ScreenMessage icon={FileSpreadsheet} title="No invoice was imported yet">
            Choose a provider’s invoice as CSV, with a line of titles such as acceptance_id, time, cost_usd.
          </ScreenMessage>
        ) : (
          <>
            <InvoicesTable rows={invoices.data.rows} />
            {invoices.data.findingsTotal > invoices.data.findings.length && (
              <p>
                {invoices.data.findings.length.toLocaleString('en')} of{' '}
                {invoices.data.findingsTotal.toLocaleString('en')} findings are shown; a run of the rules has all.
              </p>
            )}
            {invoices.data.findings.length > 0 && <UnmatchedTable findings={invoices.data.findings} />}
          </>
        ))}
    </div>
  );
}

function ImportForm(): ReactNode {
  const [provider, setProvider] = useState('');
  const [file, setFile] = useState<File | null>(null);
  const importing = useInvoiceImport();
  const refusal = useRefusal('invoices.import');
  return (
    <form
      className="run-form"
      aria-label="Import"
      onSubmit={(event) => {
        event.preventDefault();
        if (file !== null) importing.mutate({ file, provider: provider.trim() });
      }}
    >
      <label className="run-field">
        Provider
        <input
          type="text"
          value={provider}
          maxLength={200}
          placeholder="as jobs name it"
          spellCheck={false}
          onChange={(event) => setProvider(event.target.value)}
        />
      </label>
      <label className="run-field">
        Invoice
        <input
          type="file"
          accept=".csv,text/csv"
          className="file-input"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </label>
      <button
        type="submit"
        className="button"
        data-kind="primary"
        disabled={file === null || provider.trim() === '' || importing.isPending || refusal !== null}
      >
        Import
      </button>
      {importing.data !== undefined && (
        <output>
          {importing.data.isNew
            ? `${counted(importing.data.lines, 'line')} imported.`
            : 'This file was imported already; nothing has changed.'}
        </output>
      )}
      <FailureLine failure={importing.error} look="note" />
    </form>
  );
}

function InvoicesTable({ rows }: { rows: readonly InvoiceView[] }): ReactNode {
  const [leaving, setLeaving] = useState<InvoiceView | null>(null);
  const refusal = useRefusal('invoices.remove');
  return (
    <>
      {leaving !== null && <RemoveInvoiceDialog invoice={leaving} onClose={() => setLeaving(null)} />}
      <table className="findings-table">
        <caption className="visually-hidden">Imported invoices</caption>
        <TableHead
          columns={[
            'Invoice',
            'Provider',
            { number: 'Lines' },
            { number: 'Matched' },
            { number: 'Findings' },
            { number: 'Cost' },
            { hidden: 'Remove' },
          ]}
        />
        <tbody>
          {rows.map((row) => (
            <tr key={row.invoiceId}>
              <th scope="row">
                <bdi>{row.name}</bdi>
                <span className="cell-note">
                  by <bdi>{row.importedBy}</bdi>, <ExactTime atMs={row.importedAtMs} />
                </span>
              </th>
              <td>
                <bdi>{row.provider}</bdi>
              </td>
              <td className="number">{row.lines.toLocaleString('en')}</td>
              <td className="number">{row.matched.toLocaleString('en')}</td>
              <td className="number">{row.findings.toLocaleString('en')}</td>
              <td className="number">
                <ProviderCost microUsd={row.costMicroUsd} />
              </td>
              <td>
                <button
                  type="button"
                  className="icon-button"
                  disabled={refusal !== null}
                  aria-label={`Remove ${row.name}`}
                  title="Remove"
                  onClick={() => setLeaving(row)}
                >
                  <Trash2 aria-hidden size={14} />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function UnmatchedTable({ findings }: { findings: readonly Finding[] }): ReactNode {
  const cases: Readonly<Record<string, string>> = INVOICE_CASES;
  return (
    <table className="findings-table">
      <caption className="visually-hidden">What does not match</caption>
      <TableHead columns={['Finding', 'Job', 'Month']} />
      <tbody>
        {findings.map((finding) => (
          <tr key={finding.id}>
            <td>
              {cases[finding.case] ?? finding.case}
              <span className="cell-note">
                <bdi>{finding.evidence}</bdi>
              </span>
            </td>
            <td>{finding.jobId === null ? '–' : <JobLink jobId={finding.jobId} />}</td>
            <td className="tabular">{finding.period}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
