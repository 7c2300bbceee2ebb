import type { ReactNode } from 'react';
import { usePreferences } from '../../state/preferences.ts';
import { formatExact } from '../durations.ts';
import { ScrollBox } from '../scroll-box.tsx';
import type { TimeChartProps } from './time-chart.tsx';
import { TableHead } from '../table-head.tsx';

/** The figures of a chart as a table, the newest first; each value that is none of nothing leads to what is behind it. */
export function ChartTable({ title, timesMs, series, format, onPick }: TimeChartProps): ReactNode {
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  return (
    <ScrollBox className="chart-table" name={`Figures of ${title}`}>
      <table className="plain-table">
        <caption className="visually-hidden">{title}</caption>
        <TableHead columns={['From', ...series.map(({ label }) => ({ number: label }))]} />
        <tbody>
          {timesMs
            .map((timeMs, index) => ({ timeMs, index, time: formatExact(timeMs, timeZone) }))
            .toReversed()
            .map(({ timeMs, index, time }) => (
              <tr key={timeMs}>
                <th scope="row" className="tabular">
                  {time}
                </th>
                {series.map(({ key, label, values }) => {
                  const value = values[index] ?? null;
                  return (
                    <td className="number tabular" key={key}>
                      {value === null || value === 0 ? (
                        <span className="muted">{value === null ? '–' : format(0)}</span>
                      ) : (
                        <button
                          type="button"
                          className="text-button tabular"
                          aria-label={`${label} ${format(value)}, from ${time}: show the jobs`}
                          onClick={() => onPick({ seriesKey: key, index })}
                        >
                          {format(value)}
                        </button>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
