import { ArrowLeft, SearchX } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import type { FindingDetail } from '#contract/reconciliation-views.ts';
import { wordsOfRule } from '#domain/reconciliation/said-rules.ts';
import type { MendKind } from '#domain/reconciliation/rule.ts';
import { Credits } from '../../components/credits-text.tsx';
import { JobLink } from '../../components/job-link.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { parseRunId } from '../../state/findings-query-string.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { useFinding, useReconciliation } from '../../state/reconciliation-queries.ts';
import { useScreenMemory } from '../../state/screen-memory.ts';
import { EntriesPanel } from './entries-panel.tsx';
import { JobStrip } from './job-strip.tsx';
import './reconciliation.css';
import { ReviewPanel } from './review-panel.tsx';

/** One finding of a run: what is wrong, the figures and entries that show it, and the job behind it. */
export function FindingScreen({ findingId }: { findingId: string }): ReactNode {
  useTitle('Finding');
  const asked = parseRunId(useSearch());
  const reconciliation = useReconciliation();
  if (reconciliation.isPending) return <output className="page">Reading the last run…</output>;
  const last = reconciliation.data?.last;
  if (reconciliation.data === undefined) {
    return (
      <FailureMessage isWholeScreen failure={reconciliation.error} onAskAgain={() => void reconciliation.refetch()} />
    );
  }
  const runId = asked ?? last?.runId;
  if (runId === undefined) return <NoSuchFinding findingId={findingId} />;
  return <FindingOfRun key={findingId} runId={runId} findingId={findingId} />;
}

function FindingOfRun({ runId, findingId }: { runId: string; findingId: string }): ReactNode {
  const finding = useFinding(runId, findingId);
  // What is being written about it stays while a later run is read, and where that one no longer has it.
  const [shown, setShown] = useState<Shown | null>(null);
  if (finding.data !== undefined && finding.data !== shown?.detail) setShown({ runId, detail: finding.data });
  const error = finding.error === null ? null : toWireError(finding.error);
  const isGone = error?.code === 'not_found';
  if (finding.data === undefined && error !== null && !isGone) {
    return <FailureMessage isWholeScreen failure={error} onAskAgain={() => void finding.refetch()} />;
  }
  if (shown !== null) return <FindingPage {...shown} isGone={isGone} />;
  return isGone ? <NoSuchFinding findingId={findingId} /> : <output className="page">Reading the finding…</output>;
}

/** A finding as it is on the screen, and the run that it is of. */
interface Shown {
  readonly runId: string;
  readonly detail: FindingDetail;
}

function NoSuchFinding({ findingId }: { findingId: string }): ReactNode {
  return (
    <ScreenMessage
      isWholeScreen
      icon={SearchX}
      title="The run has no such finding"
      detail={findingId}
      action={
        <Link className="button" href="/reconciliation">
          Show the findings
        </Link>
      }
    >
      It may have been solved since.
    </ScreenMessage>
  );
}

const MENDS: Readonly<Record<MendKind, string>> = {
  refund: 'A refund to the customer.',
  release: 'The release of what is held.',
  capture_owed: 'The capture that is owed.',
  adjustment: 'An adjustment, with a reason.',
  settle: 'The charge protocol, driven once more for what is pending.',
  accept: 'No entry can mend it: a person looks, and accepts it with a reason.',
};

function FindingPage({ runId, detail, isGone }: Shown & { isGone: boolean }): ReactNode {
  const { finding, account } = detail;
  const rule = wordsOfRule(finding.rule);
  const found = rule?.cases[finding.case];
  const findingsHref = useScreenMemory((memory) => memory.findingsHref);
  const title = useRef<HTMLHeadingElement>(null);
  // Whoever opened it by keyboard or with a screen reader begins at its sentence.
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  return (
    <article className="page" aria-labelledby="finding-title">
      <header className="page-head">
        <Link className="back-link" href={findingsHref}>
          <ArrowLeft aria-hidden size={14} />
          Reconciliation
        </Link>
        <h1 id="finding-title" ref={title} tabIndex={-1}>
          {rule?.title ?? finding.rule}
        </h1>
        <p>{rule?.sentence}</p>
      </header>
      {isGone && (
        <output className="note">
          The last run no longer has this finding; it may have been solved since. It is shown as the run before had it.
        </output>
      )}
      <div className="finding-pair">
        {finding.jobId !== null && <JobStrip jobId={finding.jobId} />}
        <EntriesPanel detail={detail} />
      </div>
      <div className="finding-pair">
        <Panel title="What was found">
          <Facts>
            <Fact name="What">{found?.sentence}</Fact>
            <Fact name="Evidence">
              <bdi>{finding.evidence}</bdi>
              <span className="cell-note">Credits without decimals are of an older run, in the smallest unit.</span>
            </Fact>
            <Fact name="Credits">
              <Credits credits={finding.credits} isSigned /> {creditsWords(finding.credits)}
            </Fact>
            <Fact name="Workspace">{finding.workspaceId !== null && <bdi>{finding.workspaceId}</bdi>}</Fact>
            <Fact name="Job">{finding.jobId !== null && <JobLink jobId={finding.jobId} />}</Fact>
            <Fact name="Generation">
              {finding.generationId !== null && <bdi className="mono">{finding.generationId}</bdi>}
            </Fact>
            <Fact name="Month">{finding.period ?? 'the present'}</Fact>
            <Fact name="Account">
              {account !== null && (
                <>
                  <Credits credits={account.availableCredits} /> available, <Credits credits={account.heldCredits} />{' '}
                  held
                </>
              )}
            </Fact>
            <Fact name="Shown by">{rule?.evidence}</Fact>
            <Fact name="Mended by">{found !== undefined && MENDS[found.mend]}</Fact>
          </Facts>
          {finding.jobId !== null && (
            <Link className="button" href={jobHref(finding.jobId)}>
              Open the job
            </Link>
          )}
        </Panel>
        <ReviewPanel runId={runId} finding={finding} />
      </div>
    </article>
  );
}

function creditsWords(credits: number): string {
  if (credits === 0) return '– no credits are at stake';
  return credits > 0 ? '– the customer is owed this' : '– the customer has had this too much, or paid too little';
}
