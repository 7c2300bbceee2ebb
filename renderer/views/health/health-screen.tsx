import { Activity } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useSearch } from 'wouter';
import type { HealthView } from '#contract/health-views.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { OldNote } from '../../components/old-note.tsx';
import { OutsideNote } from '../../components/outside-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useHealth } from '../../state/health-queries.ts';
import {
  HEALTH_PERIODS,
  healthHref,
  parseHealthQuery,
  type HealthScreenView,
} from '../../state/health-query-string.ts';
import { FigureTiles } from './figure-tiles.tsx';
import { GroupTable } from './group-table.tsx';
import { HealthCharts, type PickedMark } from './health-charts.tsx';
import { HealthControls } from './health-controls.tsx';
import './health.css';
import { MarkedJobsDialog } from './marked-jobs-dialog.tsx';
import { NowPanel } from './now-panel.tsx';

/** How generation is doing: now, and over a period beside the one before. */
export function HealthScreen(): ReactNode {
  useTitle('Health');
  const view = parseHealthQuery(useSearch());
  const health = useHealth(view);
  return (
    <div className="page">
      <h1>Health</h1>
      <HealthControls view={view} />
      {health.data !== undefined ? (
        <>
          <OldNote failure={health.error} />
          <Figures view={view} health={health.data.view} atMs={health.data.atMs} isStale={health.isPlaceholderData} />
        </>
      ) : health.error !== null ? (
        <FailureMessage failure={health.error} onAskAgain={() => void health.refetch()} />
      ) : (
        <Loading />
      )}
    </div>
  );
}

/** Where the period, or the one that it is held against, begins before what the copy keeps, less is counted than there was. */
function KeptNote({ health: { fromMs, toMs } }: { health: HealthView }): ReactNode {
  const keptSinceMs = useEngineStatus().data?.monitor.keptSinceMs ?? null;
  const isItself = keptSinceMs !== null && fromMs < keptSinceMs;
  return (
    <OutsideNote
      fromMs={fromMs - (toMs - fromMs)}
      so={
        isItself
          ? 'the figures of this time count less than there was'
          : 'the period before counts less than there was, and what is held against it seems to have risen'
      }
    />
  );
}

function Loading(): ReactNode {
  return (
    <div className="health-figures" aria-busy="true">
      <output className="visually-hidden">Reading the figures…</output>
      <div className="skeleton-block is-head" />
      <div className="skeleton-block" />
      <div className="skeleton-block" />
    </div>
  );
}

function Figures({
  view,
  health,
  atMs,
  isStale,
}: {
  view: HealthScreenView;
  health: HealthView;
  atMs: number;
  isStale: boolean;
}): ReactNode {
  const [mark, setMark] = useState<PickedMark | null>(null);
  const jobs = useEngineStatus().data?.counts.total ?? null;
  if (jobs === 0) {
    return (
      <ScreenMessage icon={Activity} title="No jobs yet">
        As soon as the collection holds jobs, their health is shown here.
      </ScreenMessage>
    );
  }
  const { arrived, started, completed, failed, cancelled } = health.figures;
  const isQuiet = arrived + started + completed + failed + cancelled === 0;
  return (
    <div className="health-figures" aria-busy={isStale}>
      <NowPanel queue={health.queue} filter={view.filter} />
      <KeptNote health={health} />
      {isQuiet ? (
        <ScreenMessage
          icon={Activity}
          title="Nothing happened in this time"
          action={
            view.period !== '90d' && (
              <button
                type="button"
                className="button"
                onClick={() => navigateTo(healthHref({ ...view, period: '90d' }))}
              >
                Look at {HEALTH_PERIODS['90d'].says}
              </button>
            )
          }
        >
          No such job arrived, was begun or ended in the last {HEALTH_PERIODS[view.period].says}.
        </ScreenMessage>
      ) : (
        <>
          <FigureTiles
            view={health}
            atMs={atMs}
            onPick={(moment) => setMark({ moment, fromMs: health.fromMs, toMs: health.toMs })}
          />
          <p className="health-note muted">
            Each figure beside the period before, from{' '}
            <ExactTime atMs={health.fromMs - (health.toMs - health.fromMs)} />; counts are compared by the hour.
          </p>
          <HealthCharts view={health} onPick={setMark} />
          {view.groupBy !== null && <GroupTable groupBy={view.groupBy} groups={health.groups} view={view} />}
        </>
      )}
      {mark !== null && <MarkedJobsDialog mark={mark} filter={view.filter} onClose={() => setMark(null)} />}
    </div>
  );
}
