import type { ReactNode } from 'react';
import type { HealthFigures } from '#contract/health-views.ts';
import { formatCredits } from '#domain/credits.ts';
import { navigateTo } from '../../app/hash-location.ts';
import type { ChartSeries } from '../../components/chart/chart-series.ts';
import { TimeChart } from '../../components/chart/time-chart.tsx';
import { OldNote } from '../../components/old-note.tsx';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useCreditScale } from '../../state/engine-queries.tsx';
import { useHealth } from '../../state/health-queries.ts';
import { EVERY_JOB, healthHref, type HealthScreenView } from '../../state/health-query-string.ts';

const TITLE = 'Spend of 30 days';

/** What a workspace spent, day by day, and what its failed jobs would have brought. */
export function OwnerSpend({ workspaceId }: { workspaceId: string }): ReactNode {
  const scale = useCreditScale();
  const asked: HealthScreenView = { period: '30d', groupBy: null, filter: { ...EVERY_JOB, workspaceId } };
  const health = useHealth(asked);
  if (health.data === undefined) {
    if (health.error === null) return <div className="skeleton-block" aria-busy="true" />;
    return (
      <Panel title={TITLE}>
        <FailureMessage failure={health.error} onAskAgain={() => void health.refetch()} />
      </Panel>
    );
  }
  const { points, bucketMs } = health.data.view;
  const series = (key: string, of: (figures: HealthFigures) => number, look: Omit<ChartSeries, 'key' | 'values'>) => ({
    key,
    ...look,
    values: points.map(({ figures }) => of(figures)),
  });
  return (
    <>
      <OldNote failure={health.error} />
      <TimeChart
        title={TITLE}
        timesMs={points.map(({ fromMs }) => fromMs)}
        bucketMs={bucketMs}
        unit="amount"
        format={(credits) => formatCredits(Math.round(credits), scale)}
        nothing="Nothing was spent in 30 days."
        series={[
          series('spent', (each) => each.earnedCredits, { label: 'spent', tone: 'success', look: 'bar' }),
          series('lost', (each) => each.lostCredits, { label: 'failed jobs', tone: 'danger', look: 'hatched-bar' }),
        ]}
        // The screen of health leads from a mark to its jobs.
        onPick={() => navigateTo(healthHref({ ...asked, groupBy: 'kind' }))}
      />
    </>
  );
}
