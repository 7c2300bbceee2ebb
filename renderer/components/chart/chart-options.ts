import uPlot from 'uplot';
import type { TimeZone } from '../../state/preferences.ts';
import { formatExact } from '../durations.ts';
import type { ChartSeries, ChartTone, ChartUnit } from './chart-series.ts';

export const CHART_HEIGHT_PX = 190;
const Y_AXIS_PX_MIN = 64;
/** What a tick, the gap behind it and a little room take beside a label. */
const BESIDE_LABEL_PX = 12;
const HATCH_PX = 6;
const SECOND_MS = 1000;
const [MINUTE_MS, HOUR_MS, DAY_MS] = [60 * SECOND_MS, 3_600 * SECOND_MS, 86_400 * SECOND_MS];

/** Distances of the grid's lines by what is measured, so that each line is a round number of it. */
const INCREMENTS: Readonly<Record<ChartUnit, number[]>> = {
  count: decimalSteps(1),
  amount: decimalSteps(1),
  share: [0.25],
  // prettier-ignore
  duration: [
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms),
    ...[1, 2, 5, 10, 20].map((seconds) => seconds * SECOND_MS),
    ...[1, 2, 5, 10, 20].map((minutes) => minutes * MINUTE_MS),
    ...[1, 2, 4, 8].map((hours) => hours * HOUR_MS),
    ...[1, 2, 5, 10, 20, 50, 100].map((days) => days * DAY_MS),
  ],
};

function decimalSteps(smallest: number): number[] {
  return Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((step) => step * smallest * 10 ** power)).flat();
}

interface OptionsInput {
  readonly series: readonly ChartSeries[];
  readonly unit: ChartUnit;
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly timeZone: TimeZone;
  readonly widthPx: number;
  readonly format: (value: number) => string;
  readonly onHover: (index: number | null) => void;
}

/** What uPlot needs for a chart, in the colours of the theme that the page has now. */
export function chartOptions(input: OptionsInput): uPlot.Options {
  const { series, unit, range, timeZone, widthPx, format, onHover } = input;
  const colours = themeColours();
  return {
    width: widthPx,
    height: CHART_HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    ...(timeZone === 'utc'
      ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * SECOND_MS), 'Etc/UTC') }
      : {}),
    scales: {
      x: { range: () => [range.fromMs / SECOND_MS, range.toMs / SECOND_MS] },
      y: { range: (_plot, _min, max) => [0, unit === 'share' ? 1 : topOf(max)] },
    },
    axes: [
      axis(colours, { size: 28, values: (_plot, splits) => timeLabels(splits, timeZone) }),
      axis(colours, {
        size: (plot, labels: readonly string[] | null) => labelledAxisPx(plot, labels ?? [], colours.font),
        incrs: INCREMENTS[unit],
        values: (_plot, splits) => splits.map((split) => format(split)),
      }),
    ],
    series: [
      {},
      // What stands at the bottom of a stack is drawn last, over the bars that contain it.
      ...series.toReversed().map((each) => seriesOptions(each, colours)),
    ],
    hooks: { setCursor: [(plot) => onHover(plot.cursor.idx ?? null)] },
  };
}

/** How wide an axis is that no label is cut by. */
function labelledAxisPx({ ctx }: uPlot, labels: readonly string[], font: string): number {
  // uPlot remembers the font that it has set last, and sets no other.
  ctx.save();
  ctx.font = font;
  const widest = Math.max(0, ...labels.map((label) => ctx.measureText(label).width));
  ctx.restore();
  return Math.max(Y_AXIS_PX_MIN, Math.ceil(widest) + BESIDE_LABEL_PX);
}

/** The time of day of each line, and the day where one begins. */
function timeLabels(splits: readonly number[], timeZone: TimeZone): string[] {
  return splits.map((seconds) => {
    const [day = '', clock = ''] = formatExact(seconds * SECOND_MS, timeZone).split(' ');
    return clock.startsWith('00:00') ? day.slice(5) : clock.slice(0, 5);
  });
}

/** A little room above the highest value; something to see where all are zero. */
function topOf(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.08;
}

interface ThemeColours {
  readonly text: string;
  readonly line: string;
  readonly surface: string;
  readonly font: string;
  readonly tone: (tone: ChartTone) => string;
}

/** A canvas knows no variables of a style sheet, so they are read once for each drawing. */
function themeColours(): ThemeColours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: token('text-muted'),
    line: token('line'),
    surface: token('surface'),
    font: `11px ${token('font-text')}`,
    tone: token,
  };
}

function axis(colours: ThemeColours, own: uPlot.Axis): uPlot.Axis {
  const line = { stroke: colours.line, width: 1 };
  return { stroke: colours.text, font: colours.font, grid: line, ticks: { ...line, size: 4 }, ...own };
}

const DASHES = { line: [], dashed: [7, 4], dotted: [2, 3] } as const;

function seriesOptions({ look, tone, label }: ChartSeries, colours: ThemeColours): uPlot.Series {
  const stroke = colours.tone(tone);
  if (look !== 'bar' && look !== 'hatched-bar') {
    return { label, stroke, width: 1.75, dash: [...DASHES[look]], points: { size: 4, fill: stroke } };
  }
  const bars = uPlot.paths.bars?.({ size: [0.85, 60], align: 1 });
  const fill = look === 'bar' ? stroke : hatching(stroke, colours.surface);
  return {
    label,
    stroke,
    width: 1,
    fill: () => fill,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  };
}

/** Stripes of a colour on the ground of the panel. */
function hatching(colour: string, ground: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = tile.height = HATCH_PX;
  const context = tile.getContext('2d');
  if (context === null) return colour;
  context.fillStyle = ground;
  context.fillRect(0, 0, HATCH_PX, HATCH_PX);
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.beginPath();
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    context.moveTo(shift, HATCH_PX);
    context.lineTo(shift + HATCH_PX, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
