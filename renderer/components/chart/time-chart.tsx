import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { usePreferences } from '../../state/preferences.ts';
import { Panel } from '../panel.tsx';
import { CHART_HEIGHT_PX, chartOptions } from './chart-options.ts';
import { isBar, seriesAt, stackedValues, type ChartSeries, type ChartUnit } from './chart-series.ts';
import { ChartTable } from './chart-table.tsx';
import './chart.css';

/** A mark of a chart: a series in a bucket. */
export interface ChartMark {
  readonly seriesKey: string;
  /** The bucket's position. */
  readonly index: number;
}

export interface TimeChartProps {
  readonly title: string;
  /** When each bucket begins, oldest first, in milliseconds since 1970. */
  readonly timesMs: readonly number[];
  readonly bucketMs: number;
  readonly series: readonly ChartSeries[];
  readonly unit: ChartUnit;
  readonly format: (value: number) => string;
  /** Said in place of the chart where no bucket has a value. */
  readonly nothing: string;
  readonly onPick: (mark: ChartMark) => void;
}

/**
 * Values over time in a titled panel: drawn, and as a table for whoever reads with a keyboard or by ear. A click on a mark, or a
 * value of the table, is picked.
 */
export function TimeChart(props: TimeChartProps): ReactNode {
  const { title, series, format, nothing } = props;
  const [hovered, setHovered] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const hasValues = series.some(({ values }) => values.some((value) => value !== null && value !== 0));
  return (
    <Panel
      title={title}
      aside={
        <button
          type="button"
          className="text-button"
          aria-label={`${isTable ? 'As a chart' : 'As a table'}: ${title}`}
          onClick={() => setTable(!isTable)}
        >
          {isTable ? 'As a chart' : 'As a table'}
        </button>
      }
    >
      <ul className="chart-legend" aria-label={`Legend of ${title}`}>
        {series.map((each) => (
          <li key={each.key}>
            <Swatch series={each} />
            {each.label}
            <span className="chart-legend-value tabular" aria-hidden>
              {valueText(hovered === null ? null : (each.values[hovered] ?? null), format)}
            </span>
          </li>
        ))}
      </ul>
      {isTable ? (
        <ChartTable {...props} />
      ) : hasValues ? (
        <Plot {...props} onHover={setHovered} />
      ) : (
        <p className="chart-nothing muted">{nothing}</p>
      )}
    </Panel>
  );
}

function valueText(value: number | null, format: (value: number) => string): string {
  return value === null ? '' : format(value);
}

/** The sign of a series: a line with its dashes, or a bar with its hatching. */
function Swatch({ series }: { series: ChartSeries }): ReactNode {
  return (
    <svg className="chart-swatch" viewBox="0 0 18 10" width={18} height={10} data-tone={series.tone} aria-hidden>
      {isBar(series.look) ? (
        <>
          <rect x="1" y="1" width="16" height="8" data-look={series.look} />
          {series.look === 'hatched-bar' && <path d="M1 9l8 -8M6 9l8 -8M11 9l6 -6" />}
        </>
      ) : (
        <path d="M0 5h18" data-look={series.look} />
      )}
    </svg>
  );
}

function Plot(props: TimeChartProps & { readonly onHover: (index: number | null) => void }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });
  const themeChanges = useThemeChanges();
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  const { timesMs, bucketMs, series } = props;
  const looks = series.map(({ key, look, tone }) => `${key}:${look}:${tone}`).join(' ');
  const [fromMs, toMs] = [timesMs[0] ?? 0, (timesMs.at(-1) ?? 0) + bucketMs];

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const { format, unit } = latest.current;
    const made = new uPlot(
      chartOptions({
        series: latest.current.series,
        unit,
        range: { fromMs, toMs },
        timeZone,
        widthPx: element.clientWidth,
        format,
        onHover: (index) => latest.current.onHover(index),
      }),
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    made.over.addEventListener('click', () => {
      const { idx: index, top } = made.cursor;
      if (index === null || index === undefined || top === undefined) return;
      const at = seriesAt(latest.current.series, index, made.posToVal(top, 'y'));
      const seriesKey = at === null ? undefined : latest.current.series[at]?.key;
      if (seriesKey !== undefined) latest.current.onPick({ seriesKey, index });
    });
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: CHART_HEIGHT_PX }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [looks, fromMs, toMs, timeZone, themeChanges]);

  useEffect(() => plot.current?.setData(dataOf(latest.current)), [timesMs, series]);

  return (
    <figure
      className="chart-plot"
      ref={box}
      aria-label={`${props.title}: a chart of ${series.map(({ label }) => label).join(', ')}. The button “As a table” shows its figures.`}
    />
  );
}

/** The columns as they are drawn: the times, and the series in the reverse order; a bar of no height would still be a line. */
function dataOf({ timesMs, series }: TimeChartProps): uPlot.AlignedData {
  const tops = stackedValues(series).map((values, at) =>
    isBar(series[at]?.look) ? values.map((top) => (top === 0 ? null : top)) : [...values],
  );
  return [timesMs.map((timeMs) => timeMs / 1000), ...tops.toReversed()];
}

/** How often the page's theme was changed: what is drawn in its colours is drawn anew then. */
function useThemeChanges(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const watcher = new MutationObserver(() => setChanges((before) => before + 1));
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => watcher.disconnect();
  }, []);
  return changes;
}
