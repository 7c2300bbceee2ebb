import { BadgeCheck, X } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useSearch } from 'wouter';
import type { FailureGroupView, FailuresView } from '#contract/failure-views.ts';
import { counted } from '#domain/counted.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { FacetMenu } from '../../components/facet-menu.tsx';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { OldNote } from '../../components/old-note.tsx';
import { MalformedNote } from '../../components/malformed-note.tsx';
import { OutsideNote } from '../../components/outside-note.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { Segments } from '../../components/segments.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useIsServerAway } from '../../state/engine-queries.tsx';
import { useFailures } from '../../state/failure-queries.ts';
import {
  FAILURE_PERIODS,
  FAILURE_SHELVES,
  failurePeriodSchema,
  failureShelfSchema,
  failuresHref,
  parseFailuresQuery,
  type FailureShelf,
  type FailuresScreenView,
} from '../../state/failures-query-string.ts';
import './failures.css';
import { FailureGroupCard, seenGroup } from './failure-group-card.tsx';
import { MergeBar } from './merge-bar.tsx';

/** Failures grouped by their cause: how many, whose, what they cost, and what was decided about them. */
export function FailuresScreen(): ReactNode {
  useTitle('Failures');
  const view = parseFailuresQuery(useSearch());
  const failures = useFailures(view);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Failures</h1>
        <p className="muted">
          Jobs that stand failed, or wait for another attempt, by what went wrong. What is decided here is shared with
          everybody who works on this database.
        </p>
      </header>
      <Controls view={view} failures={failures.data ?? null} />
      {failures.data !== undefined ? (
        <>
          <OldNote failure={failures.error} />
          <Groups view={view} failures={failures.data} />
        </>
      ) : failures.error !== null ? (
        <FailureMessage failure={failures.error} onAskAgain={() => void failures.refetch()} />
      ) : (
        <div aria-busy="true">
          <output className="visually-hidden">Grouping the failures…</output>
          <div className="skeleton-block" />
        </div>
      )}
    </div>
  );
}

function Controls({ view, failures }: { view: FailuresScreenView; failures: FailuresView | null }): ReactNode {
  const go = (change: Partial<FailuresScreenView>): void => navigateTo(failuresHref({ ...view, ...change }));
  const countOf = (shelf: FailureShelf): string =>
    failures === null ? '' : ` (${onShelf(failures.groups, shelf).length.toLocaleString('en')})`;
  return (
    <search className="failures-controls" aria-label="Failures">
      <Segments
        name="Groups"
        value={view.shelf}
        options={failureShelfSchema.options.map((shelf) => ({
          value: shelf,
          says: `${FAILURE_SHELVES[shelf].says}${countOf(shelf)}`,
        }))}
        onChange={(shelf) => go({ shelf })}
      />
      <Segments
        name="Period"
        value={view.period}
        options={failurePeriodSchema.options.map((period) => ({ value: period, says: FAILURE_PERIODS[period].says }))}
        onChange={(period) => go({ period })}
      />
      <FacetMenu
        name="Class"
        selected={view.classes}
        options={failureClassSchema.options.map((value) => ({ value, says: FAILURE_CLASS_NAMES[value], count: null }))}
        onChange={(classes) => go({ classes: failureClassSchema.options.filter((each) => classes.includes(each)) })}
      />
      {view.workspaceId !== null && (
        <button
          type="button"
          className="button"
          onClick={() => go({ workspaceId: null })}
          aria-label={`Workspace ${view.workspaceId}: take this restriction away`}
        >
          Workspace: <bdi className="clipped">{view.workspaceId}</bdi>
          <X aria-hidden size={13} />
        </button>
      )}
    </search>
  );
}

function onShelf(groups: readonly FailureGroupView[], shelf: FailureShelf): readonly FailureGroupView[] {
  const { standings } = FAILURE_SHELVES[shelf];
  return groups.filter(({ standing }) => standings.some((each) => each === standing));
}

function Groups({ view, failures }: { view: FailuresScreenView; failures: FailuresView }): ReactNode {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const refusal = useRefusal('failures.decide');
  const shown = onShelf(failures.groups, view.shelf);
  const chosenGroups = shown.filter(({ id }) => chosen.has(id));
  const isAway = useIsServerAway();
  const canDecide = refusal === null && (failures.areDecisionsKnown || isAway);
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <>
      {!failures.areDecisionsKnown && (
        <p className="note" data-tone="warning" role="note">
          What was decided about these groups stands on the server, which is not there: all are shown as open.
          {canDecide && ' What you decide is kept as a draft.'}
        </p>
      )}
      <MalformedNote one="decision" records={failures.malformed} />
      <OutsideNote fromMs={failures.fromMs} so="groups that reach back before then count less than there was" />
      {refusal !== null && <RefusalNote refusal={refusal} />}
      {canDecide && chosenGroups.length > 1 && (
        <MergeBar
          groups={chosenGroups.map((group) => seenGroup(group, failures.areDecisionsKnown))}
          onDone={() => setChosen(new Set())}
        />
      )}
      {shown.length === 0 ? (
        <Empty view={view} />
      ) : (
        <ol className="failure-groups" aria-label="Groups of failures">
          {shown.map((group) => (
            <FailureGroupCard
              key={group.id}
              group={group}
              bucketMs={failures.bucketMs}
              workspaceId={view.workspaceId}
              canDecide={canDecide}
              areDecisionsKnown={failures.areDecisionsKnown}
              isChosen={chosen.has(group.id)}
              onChoose={(isChosen) => choose(group.id, isChosen)}
            />
          ))}
        </ol>
      )}
      {failures.causesTotal > failures.groups.reduce((sum, { causes }) => sum + causes.length, 0) && (
        <p className="muted">{counted(failures.causesTotal, 'cause')} in all; those with the most jobs are shown.</p>
      )}
    </>
  );
}

function Empty({ view }: { view: FailuresScreenView }): ReactNode {
  const period = FAILURE_PERIODS[view.period].says;
  if (view.shelf !== 'open' || view.classes.length > 0 || view.workspaceId !== null) {
    return (
      <ScreenMessage
        icon={BadgeCheck}
        title="No such group"
        action={
          <button
            type="button"
            className="button"
            onClick={() => navigateTo(failuresHref({ ...view, shelf: 'open', classes: [], workspaceId: null }))}
          >
            Show what is to look at
          </button>
        }
      >
        No group of failures of the last {period} is as asked for.
      </ScreenMessage>
    );
  }
  return (
    <ScreenMessage icon={BadgeCheck} title="Nothing to look at">
      No job of the last {period} stands failed that nobody has decided about.
    </ScreenMessage>
  );
}
