import { Download, FilterX } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { FindingFilter, RunSummary } from '#contract/reconciliation-views.ts';
import { explainError } from '#domain/errors.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { findRule, RULES } from '#domain/reconciliation/rules.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { FacetMenu } from '../../components/facet-menu.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import { findingHref, findingsHref } from '../../state/findings-query-string.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { useFindingPages, useFindingsExport } from '../../state/reconciliation-queries.ts';

interface FindingsProps {
  readonly run: RunSummary;
  readonly filter: FindingFilter;
}

/** The findings of a run: filters, a table grouped by rule, and the way to take them along. */
export function Findings({ run, filter }: FindingsProps): ReactNode {
  return (
    <>
      <FindingsFilter run={run} filter={filter} />
      <FindingsList run={run} filter={filter} />
    </>
  );
}

function FindingsFilter({ run, filter }: FindingsProps): ReactNode {
  const change = (part: Partial<FindingFilter>): void => navigateTo(findingsHref({ ...filter, ...part }));
  const rules = RULES.filter(({ name }) => run.byRule[name] !== undefined || filter.rules.includes(name));
  const named = new Map(run.byWorkspace.map(({ workspaceId, findings }) => [workspaceId, findings]));
  const workspaceIds = [...new Set([...named.keys(), ...filter.workspaceIds])];
  return (
    <search className="findings-filter" aria-label="Findings">
      <FacetMenu
        name="Rule"
        selected={filter.rules}
        options={rules.map(({ name, title }) => ({ value: name, says: title, count: run.byRule[name] ?? 0 }))}
        onChange={(selected) => change({ rules: [...selected] })}
      />
      <FacetMenu
        name="Workspace"
        selected={filter.workspaceIds}
        options={workspaceIds.map((id) => ({ value: id, says: id, count: named.get(id) ?? 0 }))}
        onChange={(selected) => change({ workspaceIds: [...selected] })}
      />
      <ExportButton run={run} filter={filter} />
    </search>
  );
}

function ExportButton({ run, filter }: FindingsProps): ReactNode {
  const exporting = useFindingsExport();
  return (
    <div className="findings-export">
      {exporting.data !== undefined && (
        <output>
          {exporting.data.findings.toLocaleString('en')} written to <code>{exporting.data.path}</code>
          <CopyButton text={exporting.data.path} name="the path" />
        </output>
      )}
      {exporting.error !== null && (
        <span role="alert" className="text-danger">
          {explainError(toWireError(exporting.error))}
        </span>
      )}
      <button
        type="button"
        className="button"
        disabled={exporting.isPending}
        onClick={() => exporting.mutate({ runId: run.runId, filter })}
      >
        <Download aria-hidden size={14} />
        Export CSV
      </button>
    </div>
  );
}

function FindingsList({ run, filter }: FindingsProps): ReactNode {
  const list = useFindingPages(run.runId, filter);
  if (list.isPending) return <output>Reading the findings…</output>;
  if (list.data === undefined) return <FailureMessage failure={list.error} onAskAgain={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((page) => page.rows);
  const [first] = list.data.pages;
  if (first === undefined || rows.length === 0) {
    return (
      <ScreenMessage
        icon={FilterX}
        title="No finding matches"
        action={
          <Link className="button" href="/reconciliation">
            Show all findings
          </Link>
        }
      >
        Remove a filter.
      </ScreenMessage>
    );
  }
  return (
    <>
      <table className="findings-table">
        <caption className="visually-hidden">Findings by rule</caption>
        <thead>
          <tr>
            <th scope="col">Finding</th>
            <th scope="col">Workspace</th>
            <th scope="col">Job</th>
            <th scope="col">Month</th>
            <th scope="col" className="number">
              Credits
            </th>
          </tr>
        </thead>
        {Object.entries(first.byRule).map(([rule, sum]) => (
          <RuleGroup key={rule} rule={rule} sum={sum} rows={rows.filter((row) => row.rule === rule)} />
        ))}
      </table>
      <p className="muted">Figures in a sentence are in the smallest unit of credits.</p>
      {list.error !== null && <FailureMessage failure={list.error} onAskAgain={() => void list.fetchNextPage()} />}
      {rows.length < first.total && (
        <p className="findings-more">
          <span className="muted">
            {rows.length.toLocaleString('en')} of {first.total.toLocaleString('en')} findings.
            {!list.hasNextPage && ' Filter by rule or workspace, or export them, to see the others.'}
          </span>
          {list.hasNextPage && (
            <button
              type="button"
              className="button"
              disabled={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
            >
              {list.isFetchingNextPage ? 'Reading…' : 'Show more'}
            </button>
          )}
        </p>
      )}
    </>
  );
}

function RuleGroup({
  rule,
  sum,
  rows,
}: {
  rule: string;
  sum: { readonly findings: number; readonly credits: number };
  rows: readonly Finding[];
}): ReactNode {
  const known = findRule(rule);
  if (rows.length === 0) return null;
  return (
    <tbody>
      <tr className="rule-row">
        <th scope="rowgroup" colSpan={4}>
          {known === undefined ? rule : `${known.number}. ${known.title}`}{' '}
          <span className="rule-count tabular">{sum.findings.toLocaleString('en')}</span>
          <span className="rule-sentence">{known?.sentence}</span>
        </th>
        <td className="number">
          <Credits credits={sum.credits} isSigned />
        </td>
      </tr>
      {rows.map((finding) => (
        <FindingRow key={finding.id} finding={finding} />
      ))}
    </tbody>
  );
}

function FindingRow({ finding }: { finding: Finding }): ReactNode {
  const sentence = findRule(finding.rule)?.cases[finding.case]?.sentence ?? finding.case;
  return (
    <tr>
      <td>
        <Link href={findingHref(finding.id)}>{sentence}</Link>
        <span className="cell-note">
          <bdi>{finding.evidence}</bdi>
        </span>
      </td>
      <td className="mono">
        <bdi>{finding.workspaceId ?? '–'}</bdi>
      </td>
      <td className="mono">
        {finding.jobId === null ? (
          '–'
        ) : (
          <Link href={jobHref(finding.jobId)}>
            <bdi>{finding.jobId}</bdi>
          </Link>
        )}
      </td>
      <td className="tabular">{finding.period ?? 'now'}</td>
      <td className="number">
        <Credits credits={finding.credits} isSigned />
      </td>
    </tr>
  );
}
