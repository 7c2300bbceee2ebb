import { ChevronLeft, ChevronRight, Maximize2, ZoomIn, ZoomOut, type LucideIcon } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { formatDuration } from '../../components/durations.ts';
import {
  panWindow,
  ticksOf,
  zoomWindow,
  type Timeline,
  type TimelineEvent,
  type TimelineSpan,
  type TimelineWindow,
} from './timeline-model.ts';

/** How far one press of a button looks closer, away or aside. */
const ZOOM_FACTOR = 0.5;
const PAN_SHARE = 0.25;
/** Room behind the last event, as a share of the whole, so that the state it led to can be seen. */
const END_SHARE = 0.08;

/**
 * States, attempts and ledger entries on one axis of time. It is a picture of the list below it, which says the same in
 * words; whoever does not see the picture misses nothing.
 */
export function TimelineStrip({ timeline }: { timeline: Timeline }): ReactNode {
  const lengthMs = timeline.endMs - timeline.startMs;
  const whole: TimelineWindow = { fromMs: timeline.startMs, toMs: timeline.endMs + lengthMs * END_SHARE };
  const [zoomed, setZoomed] = useState<TimelineWindow | null>(null);
  const view = zoomed ?? whole;
  return (
    <figure className="strip">
      <figcaption className="visually-hidden">
        Timeline over {formatDuration(lengthMs)}:{' '}
        {timeline.states.map((span) => span.label).join(', ') || 'no changes of state'}
      </figcaption>
      <div className="strip-tools" role="toolbar" aria-label="Zoom of the timeline">
        <ToolButton
          icon={ChevronLeft}
          name="Earlier"
          isOff={zoomed === null}
          onClick={() => setZoomed(panWindow(view, whole, -PAN_SHARE))}
        />
        <ToolButton
          icon={ChevronRight}
          name="Later"
          isOff={zoomed === null}
          onClick={() => setZoomed(panWindow(view, whole, PAN_SHARE))}
        />
        <ToolButton icon={ZoomIn} name="Closer" onClick={() => setZoomed(zoomWindow(view, whole, ZOOM_FACTOR))} />
        <ToolButton
          icon={ZoomOut}
          name="Further away"
          isOff={zoomed === null}
          onClick={() => setZoomed(zoomWindow(view, whole, 1 / ZOOM_FACTOR))}
        />
        <ToolButton icon={Maximize2} name="The whole" isOff={zoomed === null} onClick={() => setZoomed(null)} />
      </div>
      <div className="strip-lanes" aria-hidden>
        <SpanLane name="State" spans={timeline.states} view={view} />
        <SpanLane name="Attempts" spans={timeline.attempts} view={view} />
        <MarkLane name="Ledger" events={timeline.events.filter(({ lane }) => lane === 'ledger')} view={view} />
        <MarkLane name="Runner" events={timeline.events.filter(({ lane }) => lane === 'runner')} view={view} />
        <Axis view={view} startMs={timeline.startMs} />
      </div>
    </figure>
  );
}

function ToolButton({
  icon: Icon,
  name,
  isOff = false,
  onClick,
}: {
  icon: LucideIcon;
  name: string;
  isOff?: boolean;
  onClick: () => void;
}): ReactNode {
  return (
    <button type="button" className="icon-button" disabled={isOff} onClick={onClick} aria-label={name} title={name}>
      <Icon aria-hidden size={15} />
    </button>
  );
}

function shareOf(atMs: number, view: TimelineWindow): number {
  return ((atMs - view.fromMs) / (view.toMs - view.fromMs)) * 100;
}

function Lane({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div className="strip-lane">
      <span className="strip-name">{name}</span>
      <div className="strip-track">{children}</div>
    </div>
  );
}

function SpanLane({
  name,
  spans,
  view,
}: {
  name: string;
  spans: readonly TimelineSpan[];
  view: TimelineWindow;
}): ReactNode {
  return (
    <Lane name={name}>
      {spans
        .filter(({ fromMs, toMs }) => (toMs ?? view.toMs) >= view.fromMs && fromMs <= view.toMs)
        .map((span) => {
          const from = Math.max(0, shareOf(span.fromMs, view));
          const to = span.toMs === null ? 100 : Math.min(100, shareOf(span.toMs, view));
          return (
            <span
              key={span.key}
              className="strip-span"
              data-state={span.look}
              data-observed={span.isObserved}
              style={{ left: `${from}%`, width: `${Math.max(0, to - from)}%` }}
              title={span.toMs === null ? span.label : `${span.label}, ${formatDuration(span.toMs - span.fromMs)}`}
            >
              {span.label}
            </span>
          );
        })}
    </Lane>
  );
}

function MarkLane({
  name,
  events,
  view,
}: {
  name: string;
  events: readonly TimelineEvent[];
  view: TimelineWindow;
}): ReactNode {
  return (
    <Lane name={name}>
      {events
        .filter(({ atMs }) => atMs >= view.fromMs && atMs <= view.toMs)
        .map((event) => (
          <span
            key={event.key}
            className="strip-mark"
            data-lane={event.lane}
            style={{ left: `${shareOf(event.atMs, view)}%` }}
            title={`${event.title}: ${event.detail}`}
          />
        ))}
    </Lane>
  );
}

/** Further to the right there is no room for a tick's words: the mark stands alone. */
const LAST_LABEL_PERCENT = 88;

function Axis({ view, startMs }: { view: TimelineWindow; startMs: number }): ReactNode {
  return (
    <div className="strip-lane strip-axis">
      <span className="strip-name" />
      <div className="strip-track">
        {ticksOf(view, startMs).map((offsetMs) => {
          const percent = shareOf(startMs + offsetMs, view);
          return (
            <span key={offsetMs} className="strip-tick tabular" style={{ left: `${percent}%` }}>
              {percent <= LAST_LABEL_PERCENT && (offsetMs === 0 ? '0' : `+${formatDuration(offsetMs)}`)}
            </span>
          );
        })}
      </div>
    </div>
  );
}
