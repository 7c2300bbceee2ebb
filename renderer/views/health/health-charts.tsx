import { useMemo, type ReactNode } from 'react';
import type { HealthFigures, HealthMoment, HealthView } from '#contract/health-views.ts';
import type { ChartSeries } from '../../components/chart/chart-series.ts';
import { TimeChart, type TimeChartProps } from '../../components/chart/time-chart.tsx';
import { formatDuration } from '../../components/durations.ts';
import { useCreditsFormat } from './figure-tiles.tsx';
import { formatDollars, formatShare, knownCost } from './health-figures.ts';

/** The jobs that a mark counts. */
export interface PickedMark {
  readonly moment: HealthMoment;
  readonly fromMs: number;
  readonly toMs: number;
}

interface ChartSpec extends Pick<TimeChartProps, 'title' | 'unit' | 'nothing' | 'format'> {
  readonly series: readonly (Omit<ChartSeries, 'values'> & {
    readonly of: (figures: HealthFigures) => number | null;
    readonly moment: HealthMoment;
  })[];
}

const COUNT = (value: number): string => Math.round(value).toLocaleString('en');

const JOBS: ChartSpec = {
  title: 'Jobs',
  unit: 'count',
  nothing: 'No job arrived or ended in this time.',
  format: COUNT,
  series: [
    {
      key: 'completed',
      label: 'completed',
      tone: 'success',
      look: 'bar',
      of: (each) => each.completed,
      moment: 'completed',
    },
    {
      key: 'failed',
      label: 'failed',
      tone: 'danger',
      look: 'hatched-bar',
      of: (each) => each.failed,
      moment: 'failed',
    },
    {
      key: 'cancelled',
      label: 'cancelled',
      tone: 'neutral',
      look: 'hatched-bar',
      of: (each) => each.cancelled,
      moment: 'cancelled',
    },
    { key: 'arrived', label: 'arrived', tone: 'info', look: 'line', of: (each) => each.arrived, moment: 'arrived' },
  ],
};

const SUCCESS: ChartSpec = {
  title: 'Success rate',
  unit: 'share',
  nothing: 'No job ended in this time.',
  format: formatShare,
  series: [
    {
      key: 'rate',
      label: 'completed of all that ended',
      tone: 'success',
      look: 'line',
      of: (each) => each.successRate,
      moment: 'ended',
    },
  ],
};

const QUEUE_TIME: ChartSpec = {
  title: 'Time in queue',
  unit: 'duration',
  nothing: 'No job was begun in this time.',
  format: formatDuration,
  series: percentilesOf((each) => each.queueTime, 'started'),
};

const FINISH_TIME: ChartSpec = {
  title: 'Time to finish',
  unit: 'duration',
  nothing: 'No job was completed in this time.',
  format: formatDuration,
  series: percentilesOf((each) => each.finishTime, 'completed'),
};

function percentilesOf(
  time: (figures: HealthFigures) => HealthFigures['queueTime'],
  moment: HealthMoment,
): ChartSpec['series'] {
  return [
    { key: 'p50', label: 'p50', tone: 'info', look: 'line', of: (each) => time(each).p50Ms, moment },
    { key: 'p95', label: 'p95', tone: 'violet', look: 'dashed', of: (each) => time(each).p95Ms, moment },
    { key: 'p99', label: 'p99', tone: 'warning', look: 'dotted', of: (each) => time(each).p99Ms, moment },
  ];
}

const CREDITS: Omit<ChartSpec, 'format'> = {
  title: 'Credits',
  unit: 'amount',
  nothing: 'No credit was earned or lost in this time.',
  series: [
    {
      key: 'earned',
      label: 'earned',
      tone: 'success',
      look: 'bar',
      of: (each) => Math.max(0, each.earnedCredits),
      moment: 'completed',
    },
    {
      key: 'lost',
      label: 'lost to failures',
      tone: 'danger',
      look: 'hatched-bar',
      of: (each) => each.lostCredits,
      moment: 'failed',
    },
  ],
};

const COST: ChartSpec = {
  title: 'Provider cost',
  unit: 'amount',
  nothing: 'No provider cost was metered in this time.',
  format: formatDollars,
  series: [
    {
      key: 'sold',
      label: 'for completed jobs',
      tone: 'info',
      look: 'bar',
      of: (each) => knownCost(each.costMicroUsd - each.lostCostMicroUsd, each.unknownCosts - each.lostUnknownCosts),
      moment: 'completed',
    },
    {
      key: 'lost',
      label: 'for failed ones',
      tone: 'danger',
      look: 'hatched-bar',
      of: (each) => knownCost(each.lostCostMicroUsd, each.lostUnknownCosts),
      moment: 'failed',
    },
  ],
};

/** The charts of the period; each mark leads to the jobs that it counts. */
export function HealthCharts({ view, onPick }: { view: HealthView; onPick: (mark: PickedMark) => void }): ReactNode {
  const credits = useCreditsFormat();
  const specs: readonly ChartSpec[] = [JOBS, SUCCESS, QUEUE_TIME, FINISH_TIME, { ...CREDITS, format: credits }, COST];
  return (
    <div className="health-charts">
      {specs.map((spec) => (
        <HealthChart key={spec.title} spec={spec} view={view} onPick={onPick} />
      ))}
    </div>
  );
}

function HealthChart({
  spec,
  view: { points, bucketMs },
  onPick,
}: {
  spec: ChartSpec;
  view: HealthView;
  onPick: (mark: PickedMark) => void;
}): ReactNode {
  const timesMs = useMemo(() => points.map(({ fromMs }) => fromMs), [points]);
  const series = useMemo(
    () => spec.series.map(({ of, ...each }) => ({ ...each, values: points.map(({ figures }) => of(figures)) })),
    [points, spec.series],
  );
  return (
    <TimeChart
      {...spec}
      timesMs={timesMs}
      bucketMs={bucketMs}
      series={series}
      onPick={({ seriesKey, index }) => {
        const moment = spec.series.find(({ key }) => key === seriesKey)?.moment;
        const fromMs = timesMs[index];
        if (moment !== undefined && fromMs !== undefined) onPick({ moment, fromMs, toMs: fromMs + bucketMs });
      }}
    />
  );
}
