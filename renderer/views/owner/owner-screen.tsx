import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { OwnerKind, OwnerView } from '#contract/owner-views.ts';
import { counted, formatCount } from '#domain/counted.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { OldNote } from '../../components/old-note.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { Credits, ProviderCost } from '../../components/credits-text.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { StateBadge } from '../../components/state-badge.tsx';
import { useTitle } from '../../components/use-title.ts';
import { jobStateSchema } from '#domain/job.ts';
import { failuresHref } from '../../state/failures-query-string.ts';
import { EVERY_JOB, healthHref } from '../../state/health-query-string.ts';
import { jobsHref, ownerHref } from '../../state/jobs-query-string.ts';
import { ownerFilter, useOwner } from '../../state/owner-queries.ts';
import { LatestJobs } from './latest-jobs.tsx';
import { OwnerLedger } from './owner-ledger.tsx';
import { OwnerSpend } from './owner-spend.tsx';
import './owner.css';

const NAMES: Readonly<Record<OwnerKind, string>> = { workspace: 'Workspace', user: 'User' };

/** Everything about one workspace or one user: jobs, spend, balance, failures and the ledger. */
export function OwnerScreen({ owner, id }: { owner: OwnerKind; id: string }): ReactNode {
  useTitle(`${NAMES[owner]} ${id}`);
  const found = useOwner(owner, id);
  const title = useRef<HTMLHeadingElement>(null);
  // Whoever came by keyboard or with a screen reader begins at its name.
  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  return (
    <article className="page" aria-labelledby="owner-title">
      <header className="owner-head">
        <p className="muted">{NAMES[owner]}</p>
        <div className="owner-head-line">
          <h1 id="owner-title" ref={title} tabIndex={-1}>
            <bdi>{id}</bdi>
          </h1>
          <CopyButton text={id} name={`the ${owner}'s id`} />
          <Link className="button" href={jobsHref(ownerFilter(owner, id))}>
            All jobs
          </Link>
          {owner === 'workspace' && <WorkspaceLinks id={id} />}
        </div>
      </header>
      {found.data !== undefined ? (
        <>
          <OldNote failure={found.error} />
          <Owner owner={owner} id={id} view={found.data} />
        </>
      ) : found.error !== null ? (
        <FailureMessage failure={found.error} onAskAgain={() => void found.refetch()} />
      ) : (
        <div aria-busy="true">
          <output className="visually-hidden">Summing up…</output>
          <div className="skeleton-block" />
        </div>
      )}
    </article>
  );
}

function WorkspaceLinks({ id }: { id: string }): ReactNode {
  return (
    <>
      <Link
        className="button"
        href={healthHref({ period: '30d', groupBy: 'kind', filter: { ...EVERY_JOB, workspaceId: id } })}
      >
        Health
      </Link>
      <Link className="button" href={failuresHref({ period: '30d', shelf: 'open', classes: [], workspaceId: id })}>
        Failures by cause
      </Link>
    </>
  );
}

function Owner({ owner, id, view }: { owner: OwnerKind; id: string; view: OwnerView }): ReactNode {
  return (
    <>
      {view.jobs === 0 && (
        <p className="note" data-tone="warning" role="note">
          The copy has no job of this {owner}. Check the id; a job that was written just now may not have reached the
          copy yet.
        </p>
      )}
      <div className="owner-columns">
        <div className="owner-main">
          {owner === 'workspace' && view.jobs > 0 && <OwnerSpend workspaceId={id} />}
          <LatestJobs title="Latest jobs" owner={owner} id={id} states={[]} nothing="There is none." />
          <LatestJobs
            title="Latest failures"
            owner={owner}
            id={id}
            states={['failed']}
            nothing="No job stands failed."
          />
          <OwnerLedger owner={owner} id={id} />
        </div>
        <div className="owner-side">
          <MoneyPanel owner={owner} view={view} />
          <JobsPanel owner={owner} id={id} view={view} />
          {owner === 'user' && <WorkspacesPanel workspaceIds={view.workspaceIds} />}
        </div>
      </div>
    </>
  );
}

function MoneyPanel({ owner, view }: { owner: OwnerKind; view: OwnerView }): ReactNode {
  return (
    <Panel title="Credits">
      <Facts>
        {owner === 'workspace' && (
          <>
            <Fact name="Available">{view.account !== null && <Credits credits={view.account.availableCredits} />}</Fact>
            <Fact name="Held">{view.account !== null && <Credits credits={view.account.heldCredits} />}</Fact>
          </>
        )}
        <Fact name="Spent">
          <Credits credits={view.spentCredits} />
        </Fact>
        <Fact name="Failed jobs">
          <Credits credits={view.lostCredits} /> not earned
        </Fact>
        <Fact name="At providers">
          <OwnerCost view={view} />
        </Fact>
      </Facts>
    </Panel>
  );
}

function OwnerCost({ view: { costMicroUsd, unknownCosts } }: { view: OwnerView }): ReactNode {
  if (unknownCosts === 0) return <ProviderCost microUsd={costMicroUsd} />;
  const jobs = counted(unknownCosts, 'job');
  if (costMicroUsd === 0) return `not known of ${jobs}`;
  return (
    <>
      at least <ProviderCost microUsd={costMicroUsd} />, not known of {jobs}
    </>
  );
}

function JobsPanel({ owner, id, view }: { owner: OwnerKind; id: string; view: OwnerView }): ReactNode {
  return (
    <Panel title="Jobs" aside={<span className="tabular">{view.jobs.toLocaleString('en')}</span>}>
      <ul className="owner-states" aria-label="Jobs by state">
        {jobStateSchema.options.map((state) => (
          <li key={state}>
            <StateBadge state={state} />
            <Link className="tabular" href={jobsHref({ ...ownerFilter(owner, id), states: [state] })}>
              {view.byState[state].toLocaleString('en')}
              <span className="visually-hidden">{view.byState[state] === 1 ? ` ${state} job` : ` ${state} jobs`}</span>
            </Link>
          </li>
        ))}
      </ul>
      <p className="muted">
        {formatCount(view.cancelled)} of the failed ones {view.cancelled === 1 ? 'was' : 'were'} cancelled.{' '}
        {counted(view.attempts, 'attempt')} in all.
      </p>
    </Panel>
  );
}

function WorkspacesPanel({ workspaceIds }: { workspaceIds: readonly string[] }): ReactNode {
  return (
    <Panel title="Workspaces">
      {workspaceIds.length === 0 ? (
        <p className="muted">None is known.</p>
      ) : (
        <ul aria-label="Workspaces of the newest jobs">
          {workspaceIds.map((workspaceId) => (
            <li key={workspaceId}>
              <Link href={ownerHref('workspace', workspaceId)}>
                <bdi>{workspaceId}</bdi>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
