/** A colour of the theme that a line or bar has. */
export type ChartTone = 'success' | 'danger' | 'warning' | 'info' | 'violet' | 'neutral';

/** One line, or one layer of bars, of a chart over time. */
export interface ChartSeries {
  readonly key: string;
  readonly label: string;
  readonly tone: ChartTone;
  /** How it is told from the others without colour: lines by their dashes, bars by their hatching. */
  readonly look: 'line' | 'dashed' | 'dotted' | 'bar' | 'hatched-bar';
  /** One for each bucket; null where there is none. */
  readonly values: readonly (number | null)[];
}

/** What the values of a chart are; it decides where the grid's lines are. */
export type ChartUnit = 'count' | 'share' | 'duration' | 'amount';

/** True for what is drawn from the ground up. */
export function isBar(look: ChartSeries['look'] | undefined): boolean {
  return look === 'bar' || look === 'hatched-bar';
}

/** Bars stand on one another, in the order of the series; a line is where its value is. */
export function stackedValues(series: readonly ChartSeries[]): readonly (readonly (number | null)[])[] {
  let below: readonly number[] | null = null;
  return series.map(({ look, values }) => {
    if (!isBar(look)) return values;
    const base = below;
    const top = values.map((value, index) => (value ?? 0) + (base?.[index] ?? 0));
    below = top;
    return top;
  });
}

/**
 * The series that a point of a bucket means: the bar that it lies in, else the line that is nearest to it.
 * @param height the point's value on the chart's axis
 * @returns the series' position, null where the bucket has nothing
 */
export function seriesAt(series: readonly ChartSeries[], index: number, height: number): number | null {
  const tops = stackedValues(series);
  let nearest: { readonly at: number; readonly distance: number } | null = null;
  for (const [at, { look, values }] of series.entries()) {
    const [top, value] = [tops[at]?.[index] ?? null, values[index] ?? null];
    if (top === null || value === null) continue;
    const isLayer = isBar(look);
    if (isLayer && value > 0 && height <= top && height >= top - value) return at;
    if (isLayer && value === 0) continue;
    const distance = Math.abs(height - (isLayer && height < top ? top - value : top));
    if (nearest === null || distance < nearest.distance) nearest = { at, distance };
  }
  return nearest?.at ?? null;
}
