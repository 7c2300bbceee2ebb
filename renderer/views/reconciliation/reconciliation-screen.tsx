import { BadgeCheck, Scale, SearchX } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import type { FindingFilter, FindingsLayout, RunSummary } from '#contract/reconciliation-views.ts';
import { counted } from '#domain/counted.ts';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import {
  findingsHref,
  parseFindingsLayout,
  parseFindingsQuery,
  parseRunId,
} from '../../state/findings-query-string.ts';
import { useReconciliation, useRuns } from '../../state/reconciliation-queries.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { FinanceTabs } from './finance-tabs.tsx';
import { Findings } from './findings.tsx';
import './reconciliation.css';
import { RunControls } from './run-controls.tsx';
import { scopeWords } from './scope-words.ts';

/** Every credit explained, every difference named: runs of all rules over the copy, and what they found. */
export function ReconciliationScreen(): ReactNode {
  useTitle('Reconciliation');
  const reconciliation = useReconciliation();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Reconciliation</h1>
        <p className="muted">
          Jobs, accounts and ledger of the offline copy are held against every rule. Each difference is confirmed on the
          server before it is shown; nothing is written.
        </p>
      </header>
      <FinanceTabs />
      <Content reconciliation={reconciliation} />
    </div>
  );
}

function Content({ reconciliation }: { reconciliation: ReturnType<typeof useReconciliation> }): ReactNode {
  const query = useSearch();
  const filter = parseFindingsQuery(query);
  const layout = parseFindingsLayout(query);
  const rememberFindings = useScreenMemory((memory) => memory.rememberFindings);
  useEffect(
    () => rememberFindings(findingsHref(parseFindingsQuery(query), parseFindingsLayout(query), parseRunId(query))),
    [query, rememberFindings],
  );
  if (reconciliation.isPending) return <output>Reading the last run…</output>;
  if (reconciliation.data === undefined) {
    return <FailureMessage failure={reconciliation.error} onAskAgain={() => void reconciliation.refetch()} />;
  }
  const { last, running } = reconciliation.data;
  const runId = parseRunId(query);
  if (runId !== null && runId !== last?.runId) {
    return <EarlierRun runId={runId} filter={filter} layout={layout} />;
  }
  return (
    <>
      <RunControls state={reconciliation.data} />
      {last === null && running === null && (
        <ScreenMessage icon={Scale} title="No run yet">
          Run the rules to see whether every credit moved for a reason.
        </ScreenMessage>
      )}
      {last !== null && <RunOutcome run={last} name="Last run" filter={filter} layout={layout} />}
    </>
  );
}

interface Asked {
  readonly filter: FindingFilter;
  readonly layout: FindingsLayout;
}

/** A run that others came after, as it was then. */
function EarlierRun({ runId, ...asked }: Asked & { runId: string }): ReactNode {
  const runs = useRuns();
  if (runs.isPending) return <output>Reading the run…</output>;
  if (runs.data === undefined) {
    return <FailureMessage failure={runs.error} onAskAgain={() => void runs.refetch()} />;
  }
  const run = runs.data.rows.find((one) => one.runId === runId);
  const toLast = (
    <Link className="button" href="/reconciliation">
      Show the last run
    </Link>
  );
  if (run === undefined) {
    return (
      <ScreenMessage icon={SearchX} title="This run is no longer kept" detail={runId} action={toLast}>
        A machine keeps its {runs.data.keptMax} latest runs.
      </ScreenMessage>
    );
  }
  return (
    <>
      <p className="note">An earlier run, as it was then. {toLast}</p>
      <RunOutcome run={run} name="Earlier run" {...asked} />
    </>
  );
}

function RunOutcome({ run, name, filter, layout }: Asked & { run: RunSummary; name: string }): ReactNode {
  return (
    <>
      <RunFacts run={run} name={name} />
      {run.findings === 0 && layout.since !== 'solved' ? (
        <Clean run={run} />
      ) : (
        <Findings run={run} filter={filter} layout={layout} />
      )}
    </>
  );
}

function RunFacts({ run, name }: { run: RunSummary; name: string }): ReactNode {
  const { inputs, comparison } = run;
  return (
    <section className="run-facts" aria-label={name}>
      <p>
        <strong>{counted(run.findings, 'finding')}</strong> over <bdi>{scopeWords(run.scope)}</bdi>, as of{' '}
        <ExactTime atMs={run.asOfMs} />, confirmed on {run.server}.
        {comparison !== null &&
          ` Since the run before: ${comparison.new.toLocaleString('en')} new, ${comparison.stillOpen.toLocaleString('en')} still open, ${comparison.solved.toLocaleString('en')} solved.`}
      </p>
      <p className="muted">
        Looked at {counted(inputs.jobs, 'job')}, {counted(inputs.accounts, 'account')} and{' '}
        {counted(inputs.entries, 'entry', 'entries')}
        {run.copyAsOfMs !== null && (
          <>
            {' '}
            of the copy as of <ExactTime atMs={run.copyAsOfMs} />
          </>
        )}
        {run.copyAsOfMs === null && ' of the server itself, because the copy does not keep every job'}.{' '}
        {run.passed > 0 && `${counted(run.passed, 'difference')} only in motion. `}
        {run.undecidedWorkspaces > 0 &&
          `${counted(run.undecidedWorkspaces, 'workspace')} kept moving: nothing was said of their sums. `}
        {inputs.unreadableJobs > 0 &&
          `${counted(inputs.unreadableJobs, 'document')} that are no jobs: nothing was said of them.`}
      </p>
      {!run.isWhole && (
        <p className="note" role="note">
          The rules found more differences than one run looks at. Those beyond are neither listed nor counted: mend what
          is listed, and run the rules again.
        </p>
      )}
      {run.lostMemory.length > 0 && (
        <p className="note" role="note">
          What earlier runs had seen was damaged on this machine and is set aside: {run.lostMemory.join(', ')}. Entries
          that were changed or removed before this run could not be told; from this run on they are again.
        </p>
      )}
    </section>
  );
}

/** Says no more than is proved: what could not be judged is not clean. */
function Clean({ run }: { run: RunSummary }): ReactNode {
  const isWhole =
    run.isWhole && run.undecidedWorkspaces === 0 && run.inputs.unreadableJobs === 0 && run.lostMemory.length === 0;
  return (
    <ScreenMessage icon={BadgeCheck} title={isWhole ? 'Every credit is explained' : 'No difference was found'}>
      {isWhole ? 'No rule found a difference.' : 'Not everything could be judged; see above.'}
    </ScreenMessage>
  );
}
