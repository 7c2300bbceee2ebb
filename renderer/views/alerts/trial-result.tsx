import type { ReactNode } from 'react';
import type { AlertTrial } from '#contract/alert-views.ts';
import type { AlertMeasure } from '#domain/alerts/alert-rule.ts';
import { alertValueText } from '#domain/alerts/alert-words.ts';
import { formatDuration } from '../../components/durations.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** The most times that are listed; the number of all is said above them. */
const LISTED_MAX = 50;

/** What a rule would have done in the past. */
export function TrialResult({ trial, measure }: { trial: AlertTrial; measure: AlertMeasure }): ReactNode {
  const { episodes, knownFromMs, fromMs, toMs, isWhole } = trial;
  const times = episodes.length;
  return (
    <section className="alert-trial" aria-label="On the last 30 days">
      <output>
        <strong>
          {knownFromMs === null
            ? 'Nothing of the past is known for this rule.'
            : times === 0
              ? 'It would not have fired.'
              : `It would have fired ${times === 1 ? 'once' : `${times.toLocaleString('en')} times`}${isWhole ? '' : ', or more often'}.`}
        </strong>{' '}
        {knownFromMs !== null && knownFromMs > fromMs && (
          <>
            What it looks at is known since <ExactTime atMs={knownFromMs} /> only.{' '}
          </>
        )}
        Looked at every five minutes.
      </output>
      {times > 0 && (
        <ScrollBox name="Times at which it would have fired" className="alert-episodes">
          <table className="plain-table">
            <TableHead columns={['Fired', 'For', { number: 'Highest' }]} />
            <tbody>
              {episodes.slice(0, LISTED_MAX).map((episode) => (
                <tr key={episode.firedAtMs}>
                  <td>
                    <ExactTime atMs={episode.firedAtMs} />
                  </td>
                  <td>
                    {episode.clearedAtMs === null
                      ? `${formatDuration(toMs - episode.firedAtMs)}, still`
                      : formatDuration(episode.clearedAtMs - episode.firedAtMs)}
                  </td>
                  <td className="number">{alertValueText(measure, episode.peak)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </section>
  );
}
