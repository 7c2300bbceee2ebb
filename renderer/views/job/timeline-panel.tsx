import { ArrowRightLeft, Coins, Play, Radio, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { Panel } from '../../components/panel.tsx';
import { STATE_ICONS } from '../../components/state-badge.tsx';
import { ClockTime } from '../../components/time-text.tsx';
import { formatDuration } from '../../components/durations.ts';
import { useClock } from '../../state/clock.ts';
import { buildTimeline, type TimelineEvent } from './timeline-model.ts';
import { TimelineStrip } from './timeline-strip.tsx';

const LANE_ICONS: Readonly<Record<TimelineEvent['lane'], LucideIcon>> = {
  state: ArrowRightLeft,
  attempt: Play,
  ledger: Coins,
  runner: Radio,
};

/** The life of a job: the strip, and below it the same in words, in order. */
export function TimelinePanel({ detail, title = 'Timeline' }: { detail: JobDetail; title?: string }): ReactNode {
  const isOver = detail.row.state === 'completed' || detail.row.state === 'failed';
  // A finished job does not change with the clock.
  const nowMs = useClock((now) => (isOver ? detail.row.updatedAtMs : now));
  const timeline = buildTimeline(detail, nowMs);
  return (
    <Panel
      title={title}
      aside={<span className="muted tabular">{formatDuration(timeline.endMs - timeline.startMs)}</span>}
    >
      <TimelineStrip timeline={timeline} />
      <ol className="event-list" aria-label="Events in order">
        {timeline.events.map((event) => (
          <EventLine key={event.key} event={event} startMs={timeline.startMs} />
        ))}
      </ol>
    </Panel>
  );
}

function EventLine({ event, startMs }: { event: TimelineEvent; startMs: number }): ReactNode {
  const Icon = event.state === null ? LANE_ICONS[event.lane] : STATE_ICONS[event.state];
  return (
    <li className="event" data-state={event.state ?? event.lane}>
      <Icon aria-hidden size={14} />
      <span className="event-offset muted tabular">+{formatDuration(event.atMs - startMs)}</span>
      <span className="event-text">
        <strong>{event.title}</strong> <bdi className="muted">{event.detail}</bdi>
        {event.flags.map((flag) => (
          <span key={flag} className="event-flag">
            <TriangleAlert aria-hidden size={13} /> {flag}
          </span>
        ))}
      </span>
      <span className="muted">
        <ClockTime atMs={event.atMs} />
      </span>
    </li>
  );
}
