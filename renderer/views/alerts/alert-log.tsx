import { BellRing, Check } from 'lucide-react';
import type { ReactNode } from 'react';
import type { AlertEvent } from '#contract/alert-views.ts';
import { alertValueText } from '#domain/alerts/alert-words.ts';
import { Panel } from '../../components/panel.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** What fired and cleared, the latest first. */
export function AlertLog({ events }: { events: readonly AlertEvent[] }): ReactNode {
  return (
    <Panel title="Log">
      {events.length === 0 ? (
        <p className="muted">Nothing has fired yet.</p>
      ) : (
        <table className="plain-table alert-log">
          <caption className="visually-hidden">What fired and cleared</caption>
          <TableHead columns={['When', 'What', 'Rule', { number: 'Value' }, { number: 'Threshold' }]} />
          <tbody>
            {events.map((event) => (
              <tr key={event.id}>
                <td>
                  <RelativeTime atMs={event.atMs} />
                </td>
                <td>
                  <span className="alert-standing" data-standing={event.change === 'fired' ? 'firing' : 'quiet'}>
                    {event.change === 'fired' ? <BellRing aria-hidden size={14} /> : <Check aria-hidden size={14} />}
                    {event.change === 'fired' ? 'Fired' : 'Cleared'}
                    {event.change === 'fired' && event.wasQuiet ? ', in the quiet time' : ''}
                  </span>
                </td>
                <td>
                  <bdi>{event.name}</bdi>
                </td>
                <td className="number">
                  {event.value === null
                    ? 'rule changed'
                    : alertValueText(event.measure, event.value, event.unknownCosts)}
                </td>
                <td className="number">{alertValueText(event.measure, event.threshold)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
