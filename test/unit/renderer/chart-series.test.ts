import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesAt, stackedValues, type ChartSeries } from '../../../renderer/components/chart/chart-series.ts';

function series(key: string, look: ChartSeries['look'], values: readonly (number | null)[]): ChartSeries {
  return { key, label: key, tone: 'info', look, values };
}

describe('the marks of a chart', () => {
  const chart = [
    series('completed', 'bar', [4, 0, 0]),
    series('failed', 'hatched-bar', [2, 3, 0]),
    series('arrived', 'line', [9, 1, null]),
  ];

  it.each([
    { where: 'within the lowest bar', index: 0, height: 1, key: 'completed' },
    { where: 'within the bar on it', index: 0, height: 5, key: 'failed' },
    { where: 'above the bars, at the line', index: 0, height: 8.8, key: 'arrived' },
    { where: 'in a bucket whose lowest bar is empty', index: 1, height: 2, key: 'failed' },
    { where: 'in an empty bucket', index: 2, height: 1, key: undefined },
  ])('a point $where means $key', ({ index, height, key }) => {
    const at = seriesAt(chart, index, height);
    expect(at === null ? undefined : chart[at]?.key).toBe(key);
  });

  it('bars stand on one another and lines where their values are', () => {
    expect(stackedValues(chart)).toEqual([
      [4, 0, 0],
      [6, 3, 0],
      [9, 1, null],
    ]);
  });

  it('every bar is found at its middle', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 5 }), (heights) => {
        const bars = heights.map((height, at) => series(String(at), 'bar', [height]));
        const tops = stackedValues(bars).map((values) => values[0] ?? 0);
        const found = heights.map((height, at) => seriesAt(bars, 0, (tops[at] ?? 0) - height / 2));
        expect(found).toEqual(heights.map((_, at) => at));
      }),
    );
  });
});
