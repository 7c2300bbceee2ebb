import type { JobState } from './job.ts';
import { err, ok, type Result } from './result.ts';

/**
 * What can happen to a job's state.
 *
 * - `claim` a runner takes it with a new lease
 * - `generated` the provider delivered, its output is to be checked
 * - `complete` every check passed and the output is stored
 * - `defer` it will be tried again later by itself (temporary failure, lost lease, released lease)
 * - `fail` it ends without an output
 * - `requeue` a person or a plan starts a failed job once more, as a new generation
 */
export const JOB_EVENTS = ['claim', 'generated', 'complete', 'defer', 'fail', 'requeue'] as const;
export type JobEventName = (typeof JOB_EVENTS)[number];

/**
 * The state machine. What is not here cannot happen.
 *
 * - `queued` is left by a runner's claim, or by a cancellation
 * - `running` and `validating` are left by the runner that holds the lease, by the rescue of an expired lease, or by a cancellation
 * - `retrying` is left by a runner's claim when it is due, or by a cancellation
 * - `failed` is left only by a requeue that the retry policy allowed
 * - `completed` is never left
 */
export const TRANSITIONS: Readonly<Record<JobState, Readonly<Partial<Record<JobEventName, JobState>>>>> = {
  queued: { claim: 'running', fail: 'failed' },
  running: { generated: 'validating', defer: 'retrying', fail: 'failed' },
  validating: { complete: 'completed', defer: 'retrying', fail: 'failed' },
  retrying: { claim: 'running', fail: 'failed' },
  failed: { requeue: 'queued' },
  completed: {},
};

/** A state change that the table does not have. */
export interface IllegalTransition {
  readonly code: 'illegal_transition';
  readonly from: JobState;
  readonly event: JobEventName;
}

/** Applies an event to a state by the table: the next state, or the refusal. */
export function nextState(from: JobState, event: JobEventName): Result<JobState, IllegalTransition> {
  const to = TRANSITIONS[from][event];
  return to === undefined ? err({ code: 'illegal_transition', from, event }) : ok(to);
}

/** True where some event leads from one state to the other. */
export function isLegalChange(from: JobState, to: JobState): boolean {
  return Object.values(TRANSITIONS[from]).includes(to);
}

/** The state machine as a Mermaid diagram; the project's README holds it and a test compares the two. */
export function stateDiagram(): string {
  const lines = Object.entries(TRANSITIONS).flatMap(([from, events]) =>
    Object.entries(events).map(([event, to]) => `    ${from} --> ${to}: ${event}`),
  );
  return ['stateDiagram-v2', '    [*] --> queued', ...lines, '    completed --> [*]'].join('\n');
}
