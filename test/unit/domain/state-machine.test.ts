import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobSchema, jobStateSchema, type JobState } from '#domain/job.ts';
import { isLegalChange, JOB_EVENTS, nextState, stateDiagram, TRANSITIONS } from '#domain/state-machine.ts';
import { applyChange } from '#domain/transition.ts';
import { walk, walkStep } from '../../support/model-walk.ts';

const STATES = jobStateSchema.options;

describe('the state machine', () => {
  it.each<{ from: JobState; event: (typeof JOB_EVENTS)[number]; to: JobState }>([
    { from: 'queued', event: 'claim', to: 'running' },
    { from: 'queued', event: 'fail', to: 'failed' },
    { from: 'running', event: 'generated', to: 'validating' },
    { from: 'running', event: 'defer', to: 'retrying' },
    { from: 'running', event: 'fail', to: 'failed' },
    { from: 'validating', event: 'complete', to: 'completed' },
    { from: 'validating', event: 'defer', to: 'retrying' },
    { from: 'validating', event: 'fail', to: 'failed' },
    { from: 'retrying', event: 'claim', to: 'running' },
    { from: 'retrying', event: 'fail', to: 'failed' },
    { from: 'failed', event: 'requeue', to: 'queued' },
  ])('$event leads from $from to $to', ({ from, event, to }) => {
    expect(nextState(from, event)).toEqual({ ok: true, value: to });
    expect(isLegalChange(from, to)).toBe(true);
  });

  it('has eleven changes and refuses every other event by name', () => {
    const legal = STATES.flatMap((from) => Object.keys(TRANSITIONS[from]));
    expect(legal).toHaveLength(11);
    const refusals = STATES.flatMap((from) =>
      JOB_EVENTS.filter((event) => TRANSITIONS[from][event] === undefined).map((event) => ({ from, event })),
    );
    expect(refusals).toHaveLength(STATES.length * JOB_EVENTS.length - 11);
    for (const { from, event } of refusals) {
      expect(nextState(from, event)).toEqual({ ok: false, error: { code: 'illegal_transition', from, event } });
    }
  });

  it('a completed job is never left, and every other state leads to an end', () => {
    expect(TRANSITIONS.completed).toEqual({});
    for (const state of STATES) {
      const reached = new Set<JobState>([state]);
      for (const from of reached) for (const to of Object.values(TRANSITIONS[from])) reached.add(to);
      expect(reached.has('completed') || reached.has('failed')).toBe(true);
    }
  });

  it('the diagram names every change of the table once', () => {
    const lines = stateDiagram().split('\n');
    for (const from of STATES) {
      for (const [event, to] of Object.entries(TRANSITIONS[from])) {
        expect(lines.filter((line) => line.trim() === `${from} --> ${to}: ${event}`)).toHaveLength(1);
      }
    }
  });
});

describe('whatever happens to a job', () => {
  const steps = fc.array(walkStep, { maxLength: 25 });

  it('no sequence of events leaves the state table', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        for (const { before, after } of walk(taken).walked) {
          expect(isLegalChange(before.state, after.state)).toBe(true);
        }
      }),
    );
  });

  it("the history's seq has no gap, and each entry begins where the last one ended", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const { job } = walk(taken);
        job.history.forEach((entry, index) => {
          expect(entry.seq).toBe(index + 1);
          expect(entry.from).toBe(index === 0 ? null : job.history[index - 1]?.to);
        });
        expect(job.history.at(-1)?.to).toBe(job.state);
      }),
    );
  });

  it('the job always parses as one, its version rises by one a change and its tokens never fall', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        for (const { before, after } of walk(taken).walked) {
          expect(jobSchema.safeParse(after).success).toBe(true);
          expect(after.version).toBe(before.version + 1);
          expect(after.leaseToken).toBe(before.leaseToken + (after.state === 'running' ? 1 : 0));
        }
      }),
    );
  });

  it('attempts are numbered from 1 without a gap, and only a job that a runner holds has an open one', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const { job } = walk(taken);
        expect(job.attempts.map((attempt) => attempt.n)).toEqual(job.attempts.map((_, index) => index + 1));
        expect(job.attempt).toBe(job.attempts.length);
        const open = job.attempts.filter((attempt) => attempt.endedAt === null);
        const isHeld = job.state === 'running' || job.state === 'validating';
        expect(open.map((attempt) => attempt.n)).toEqual(isHeld ? [job.attempt] : []);
      }),
    );
  });

  it('a change fits only the version, state and token that it was planned from', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        for (const { after, change, at } of walk(taken).walked) expect(applyChange(after, change, at)).toBeNull();
      }),
    );
  });
});
