import type { ReactNode } from 'react';
import { useClock } from '../state/clock.ts';
import { usePreferences } from '../state/preferences.ts';
import { formatClock, formatExact, formatRelative } from './durations.ts';

/** A time as its distance from now, with the exact time on hover. Milliseconds since 1970 UTC. */
export function RelativeTime({ atMs }: { atMs: number }): ReactNode {
  const text = useClock((nowMs) => formatRelative(atMs, nowMs));
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  return (
    <time className="tabular" dateTime={machineTime(atMs)} title={formatExact(atMs, timeZone)}>
      {text}
    </time>
  );
}

/** A time to the second, or the millisecond, in the zone that the person chose. Milliseconds since 1970 UTC. */
export function ExactTime({ atMs, withMs = false }: { atMs: number; withMs?: boolean }): ReactNode {
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  return (
    <time className="tabular" dateTime={machineTime(atMs)}>
      {formatExact(atMs, timeZone, { withMs })}
    </time>
  );
}

/** The time of day down to the millisecond, with the date on hover. Milliseconds since 1970 UTC. */
export function ClockTime({ atMs }: { atMs: number }): ReactNode {
  const timeZone = usePreferences((preferences) => preferences.timeZone);
  return (
    <time className="tabular" dateTime={machineTime(atMs)} title={formatExact(atMs, timeZone, { withMs: true })}>
      {formatClock(atMs, timeZone)}
    </time>
  );
}

function machineTime(atMs: number): string | undefined {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
