import type { HistoryView, JobDetail, ObservedView } from '#contract/job-views.ts';
import { counted } from '#domain/counted.ts';
import type { JobState } from '#domain/job.ts';
import { formatDuration } from '../../components/durations.ts';

/** A stretch of time on the strip; milliseconds since 1970 UTC. */
export interface TimelineSpan {
  readonly key: string;
  readonly label: string;
  readonly fromMs: number;
  /** Null where it goes on beyond the axis: the state in which a job came to its end. */
  readonly toMs: number | null;
  /** How it is drawn: the state, or how the attempt ended. */
  /** True where it was only seen from outside, at the latest when it is drawn to begin. */
  readonly isObserved: boolean;
  readonly look: JobState | 'attempt_open' | 'attempt_failed' | 'attempt_passed';
}

/** One thing that happened (or is due), in words. */
export interface TimelineEvent {
  readonly key: string;
  readonly atMs: number;
  readonly lane: 'state' | 'attempt' | 'ledger' | 'runner';
  readonly title: string;
  readonly detail: string;
  /** The state it led to, where it is a change of state. */
  readonly state: JobState | null;
  /** What cannot be right about it. */
  readonly flags: readonly string[];
}

/** The life of a job on one axis of time. */
export interface Timeline {
  readonly startMs: number;
  readonly endMs: number;
  readonly states: readonly TimelineSpan[];
  readonly attempts: readonly TimelineSpan[];
  readonly events: readonly TimelineEvent[];
}

/** How much of an error a line of the timeline tells; the attempt tells all of it. */
const DETAIL_MAX = 200;

/** Builds the strip of a job. A job that is not at its end reaches to now, a retrying one to its next try. */
export function buildTimeline(detail: JobDetail, nowMs: number): Timeline {
  const history = [...detail.history].sort((a, b) => a.seq - b.seq);
  const observed = history.length === 0 ? [...detail.observed].sort((a, b) => a.seq - b.seq) : [];
  const isOver = detail.row.state === 'completed' || detail.row.state === 'failed';
  const events = [
    ...stateEvents(detail, history),
    ...observed.map(toObservedEvent),
    ...attemptEvents(detail),
    ...ledgerEvents(detail),
    ...runnerEvents(detail),
  ].sort((a, b) => a.atMs - b.atMs);
  const times = [detail.row.createdAtMs, ...events.map(({ atMs }) => atMs), ...(isOver ? [] : [nowMs])];
  const startMs = Math.min(...times);
  const endMs = Math.max(...times, startMs + 1);
  return {
    startMs,
    endMs,
    states: [...stateSpans(history, isOver ? null : endMs), ...observedSpans(observed, isOver ? null : endMs)],
    attempts: attemptSpans(detail, endMs),
    events,
  };
}

function stateSpans(history: readonly HistoryView[], endMs: number | null): readonly TimelineSpan[] {
  return history.map((entry, index) => {
    const leftMs = history[index + 1]?.atMs ?? endMs;
    return {
      key: `state ${entry.seq} ${index}`,
      label: entry.to,
      fromMs: entry.atMs,
      toMs: leftMs === null ? null : Math.max(entry.atMs, leftMs),
      look: entry.to,
      isObserved: false,
    };
  });
}

function observedSpans(observed: readonly ObservedView[], endMs: number | null): readonly TimelineSpan[] {
  return observed.map((change, index) => {
    const leftMs = observed[index + 1]?.seenMs ?? endMs;
    return {
      key: `observed ${change.seq}`,
      label: `${change.to} (observed)`,
      fromMs: change.seenMs,
      toMs: leftMs === null ? null : Math.max(change.seenMs, leftMs),
      look: change.to,
      isObserved: true,
    };
  });
}

function toObservedEvent(change: ObservedView): TimelineEvent {
  const sure =
    change.afterMs === null
      ? 'some time before it was seen'
      : `at most ${formatDuration(Math.max(0, change.seenMs - change.afterMs))} before it was seen`;
  return {
    key: `observed ${change.seq}`,
    atMs: change.seenMs,
    lane: 'state',
    title: change.from === null ? `Observed: ${change.to}` : `Observed: ${change.from} → ${change.to}`,
    detail: `the document keeps no history; it happened ${sure}`,
    state: change.to,
    flags: [],
  };
}

function attemptSpans(detail: JobDetail, endMs: number): readonly TimelineSpan[] {
  return detail.attempts.map((attempt, index) => ({
    key: `attempt ${attempt.n} ${index}`,
    label: `Attempt ${attempt.n}`,
    fromMs: attempt.startedAtMs,
    toMs: Math.max(attempt.startedAtMs, attempt.endedAtMs ?? endMs),
    isObserved: false,
    look: attempt.endedAtMs === null ? 'attempt_open' : attempt.failure === null ? 'attempt_passed' : 'attempt_failed',
  }));
}

function stateEvents(detail: JobDetail, history: readonly HistoryView[]): readonly TimelineEvent[] {
  const created: TimelineEvent = {
    key: 'created',
    atMs: detail.row.createdAtMs,
    lane: 'state',
    title: 'Created',
    detail: `by user ${detail.row.userId}`,
    state: null,
    flags: [],
  };
  const changes = history.map((entry, index): TimelineEvent => {
    const policy = entry.policyVersion === null ? '' : `, policy version ${entry.policyVersion}`;
    return {
      key: `history ${entry.seq} ${index}`,
      atMs: entry.atMs,
      lane: 'state',
      title: entry.from === null ? `Entered as ${entry.to}` : `${entry.from} → ${entry.to}`,
      detail: `${entry.reason === '' ? '' : `${entry.reason} – `}${entry.actor.type} ${entry.actor.id}${policy}`,
      state: entry.to,
      flags: flagsOf(entry, history[index - 1]),
    };
  });
  // The product's own first entry says more than the bare time of creation.
  return history.some((entry) => entry.from === null) ? changes : [created, ...changes];
}

function flagsOf(entry: HistoryView, before: HistoryView | undefined): readonly string[] {
  return [
    ...(entry.isLegal ? [] : ['The state machine has no such change']),
    ...(before !== undefined && entry.seq !== before.seq + 1
      ? [`Gap: entry ${before.seq} is followed by ${entry.seq}`]
      : []),
    ...(before !== undefined && entry.from !== before.to ? [`The entry before ended in ${before.to}`] : []),
    ...(before !== undefined && entry.atMs < before.atMs ? ['Earlier than the entry before: clocks disagree'] : []),
  ];
}

function attemptEvents(detail: JobDetail): readonly TimelineEvent[] {
  return detail.attempts.flatMap((attempt, index): TimelineEvent[] => {
    const started: TimelineEvent = {
      key: `attempt ${attempt.n} ${index} start`,
      atMs: attempt.startedAtMs,
      lane: 'attempt',
      title: `Attempt ${attempt.n} started`,
      detail: `${attempt.provider} ${attempt.model} on runner ${attempt.runnerId}`,
      state: null,
      flags: [],
    };
    if (attempt.endedAtMs === null) return [started];
    const outcome =
      attempt.failure === null
        ? 'Passed'
        : `${attempt.failure.class}, ${attempt.failure.code}: ${attempt.failure.message.slice(0, DETAIL_MAX)}`;
    const checks = attempt.validation?.checks ?? [];
    const passed = checks.filter((check) => check.passed).length;
    const checked = checks.length === 0 ? '' : ` – ${passed} of ${counted(checks.length, 'check')} passed`;
    const isBackwards = attempt.endedAtMs < attempt.startedAtMs;
    return [
      started,
      {
        ...started,
        key: `attempt ${attempt.n} ${index} end`,
        atMs: attempt.endedAtMs,
        title: `Attempt ${attempt.n} ended`,
        detail: `${outcome}${checked}`,
        flags: isBackwards ? ['Ended before it started: clocks disagree'] : [],
      },
    ];
  });
}

function ledgerEvents(detail: JobDetail): readonly TimelineEvent[] {
  return detail.charge.entries.map((entry) => ({
    key: `ledger ${entry.key}`,
    atMs: entry.atMs,
    lane: 'ledger',
    title: `${entry.isPending ? 'Owed: ' : ''}${entry.type}`,
    detail: `${entry.reason} – ${entry.actor.type} ${entry.actor.id}`,
    state: null,
    flags: [],
  }));
}

function runnerEvents(detail: JobDetail): readonly TimelineEvent[] {
  const of = (key: string, atMs: number, title: string, text: string): TimelineEvent => ({
    key,
    atMs,
    lane: 'runner',
    title,
    detail: text,
    state: null,
    flags: [],
  });
  const { lease, progress, row } = detail;
  return [
    ...(lease === null
      ? []
      : [of('heartbeat', lease.heartbeatAtMs, 'Last heartbeat', `runner ${lease.runnerId}, token ${lease.token}`)]),
    ...(lease === null ? [] : [of('lease end', lease.expiresAtMs, 'Lease runs out', 'unless the runner renews it')]),
    ...(progress === null
      ? []
      : [of('progress', progress.atMs, `Progress ${Math.round(progress.fraction * 100)} %`, progress.message)]),
    ...(row.state === 'retrying' ? [of('next try', row.notBeforeMs, 'Next try', 'not before this time')] : []),
  ];
}

/** A part of the axis that is looked at, in milliseconds. */
export interface TimelineWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The shortest stretch that can be zoomed to, in milliseconds. */
const WINDOW_MIN_MS = 10;

/** Looks closer (factor below 1) or from further away at the middle, never beyond the whole. */
export function zoomWindow(view: TimelineWindow, whole: TimelineWindow, factor: number): TimelineWindow {
  const lengthMs = Math.max(WINDOW_MIN_MS, (view.toMs - view.fromMs) * factor);
  const middleMs = (view.fromMs + view.toMs) / 2;
  return fitWindow({ fromMs: middleMs - lengthMs / 2, toMs: middleMs + lengthMs / 2 }, whole);
}

/** Moves along the axis by a share of what is seen, never beyond the whole. */
export function panWindow(view: TimelineWindow, whole: TimelineWindow, share: number): TimelineWindow {
  const byMs = (view.toMs - view.fromMs) * share;
  return fitWindow({ fromMs: view.fromMs + byMs, toMs: view.toMs + byMs }, whole);
}

function fitWindow(view: TimelineWindow, whole: TimelineWindow): TimelineWindow {
  const lengthMs = view.toMs - view.fromMs;
  if (lengthMs >= whole.toMs - whole.fromMs) return whole;
  const fromMs = Math.min(Math.max(view.fromMs, whole.fromMs), whole.toMs - lengthMs);
  return { fromMs, toMs: fromMs + lengthMs };
}

const TICK_STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
  3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
];
const TICKS_MAX = 8;

/** Round marks on the axis, as distances from its start in milliseconds. */
export function ticksOf(view: TimelineWindow, startMs: number): readonly number[] {
  const lengthMs = view.toMs - view.fromMs;
  const stepMs = TICK_STEPS_MS.find((step) => lengthMs / step <= TICKS_MAX) ?? Math.ceil(lengthMs / TICKS_MAX);
  const first = Math.ceil((view.fromMs - startMs) / stepMs);
  const last = Math.floor((view.toMs - startMs) / stepMs);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * stepMs);
}
