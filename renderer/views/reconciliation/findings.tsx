import { Download, FilterX } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import { type FindingFilter, type FindingsLayout, type RunSummary } from '#contract/reconciliation-views.ts';
import { counted, formatCount } from '#domain/counted.ts';
import { SAID_RULES } from '#domain/reconciliation/said-rules.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { Choice } from '../../components/choice.tsx';
import { ExportedFile } from '../../components/exported-file.tsx';
import { FacetMenu } from '../../components/facet-menu.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { MoreRows } from '../../components/more-rows.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { findingsHref, parseRunId } from '../../state/findings-query-string.ts';
import { useFindingPages, useFindingsExport } from '../../state/reconciliation-queries.ts';
import { FindingsActions } from './findings-actions.tsx';
import { FindingsTable } from './findings-table.tsx';

interface FindingsProps {
  readonly run: RunSummary;
  readonly filter: FindingFilter;
  readonly layout: FindingsLayout;
}

/** The findings of a run: filters, a table in groups, and the way to take them along. */
export function Findings(props: FindingsProps): ReactNode {
  return (
    <>
      <FindingsFilter {...props} />
      <FindingsList {...props} />
    </>
  );
}

function FindingsFilter({ run, filter, layout }: FindingsProps): ReactNode {
  const runId = parseRunId(useSearch());
  const change = (part: Partial<FindingFilter>): void =>
    navigateTo(findingsHref({ ...filter, ...part }, layout, runId));
  const layOut = (part: Partial<FindingsLayout>): void =>
    navigateTo(findingsHref(filter, { ...layout, ...part }, runId));
  const rules = SAID_RULES.filter(({ name }) => run.byRule[name] !== undefined || filter.rules.includes(name));
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
      <LayoutFields layout={layout} hasBefore={run.comparison !== null} onChange={layOut} />
      <ExportButton key={run.runId} run={run} filter={filter} layout={layout} />
    </search>
  );
}

const GROUPS: Readonly<Record<FindingsLayout['groupBy'], string>> = {
  rule: 'by rule',
  workspace: 'by workspace',
  amount: 'by amount',
};

const SINCE: Readonly<Record<FindingsLayout['since'], string>> = {
  any: 'all of this run',
  new: 'new since the run before',
  still_open: 'still open since then',
  solved: 'solved since then',
};

function LayoutFields({
  layout,
  hasBefore,
  onChange,
}: {
  layout: FindingsLayout;
  hasBefore: boolean;
  onChange: (part: Partial<FindingsLayout>) => void;
}): ReactNode {
  return (
    <>
      <label className="run-field">
        Group
        <Choice table={GROUPS} value={layout.groupBy} onChange={(groupBy) => onChange({ groupBy })} />
      </label>
      {hasBefore && (
        <label className="run-field">
          Show
          <Choice table={SINCE} value={layout.since} onChange={(since) => onChange({ since })} />
        </label>
      )}
    </>
  );
}

function ExportButton({ run, filter, layout }: FindingsProps): ReactNode {
  const exporting = useFindingsExport();
  return (
    <div className="findings-export">
      {exporting.data !== undefined && (
        <ExportedFile says={`${counted(exporting.data.findings, 'finding')} written to`} path={exporting.data.path} />
      )}
      <FailureLine failure={exporting.error} look="inline" />
      <button
        type="button"
        className="button"
        disabled={exporting.isPending}
        onClick={() => exporting.mutate({ runId: run.runId, filter, layout })}
      >
        <Download aria-hidden size={14} />
        Export CSV
      </button>
    </div>
  );
}

/** Findings that somebody ticked, and the run whose figures they saw. */
interface Chosen {
  readonly chosen: ReadonlySet<string>;
  readonly ofRun: string;
}

const NOTHING: ReadonlySet<string> = new Set();

function FindingsList({ run, filter, layout }: FindingsProps): ReactNode {
  const list = useFindingPages(run.runId, filter, layout);
  const [{ chosen, ofRun }, setChosen] = useState<Chosen>({ chosen: NOTHING, ofRun: run.runId });
  // In another run the same finding may be worth something else: it is chosen anew.
  if (ofRun !== run.runId) setChosen({ chosen: NOTHING, ofRun: run.runId });
  const choose = (ids: ReadonlySet<string>): void => setChosen({ chosen: ids, ofRun: run.runId });
  const allHref = findingsHref({ rules: [], workspaceIds: [] }, undefined, parseRunId(useSearch()));
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
          <Link className="button" href={allHref}>
            Show all findings
          </Link>
        }
      >
        Remove a filter.
      </ScreenMessage>
    );
  }
  const reviews = Object.fromEntries(list.data.pages.flatMap((page) => Object.entries(page.reviews)));
  return (
    <>
      <FindingsActions
        runId={run.runId}
        chosen={rows.filter(({ id }) => chosen.has(id))}
        reviews={reviews}
        isAll={rows.every(({ id }) => chosen.has(id))}
        onAll={(isAll) => choose(new Set(isAll ? rows.map(({ id }) => id) : []))}
      />
      <FindingsTable
        groups={first.groups}
        groupBy={layout.groupBy}
        rows={rows}
        reviews={reviews}
        chosen={chosen}
        onToggle={(id) => {
          const next = new Set(chosen);
          if (!next.delete(id)) next.add(id);
          choose(next);
        }}
      />
      <p className="muted">Credits without decimals are of an older run, in the smallest unit.</p>
      {rows.length < first.total && (
        <div className="findings-more">
          <span className="muted">
            {formatCount(rows.length)} of {counted(first.total, 'finding')}.
            {!list.hasNextPage && ' Filter by rule or workspace, or export them, to see the others.'}
          </span>
          <MoreRows list={list} />
        </div>
      )}
    </>
  );
}
