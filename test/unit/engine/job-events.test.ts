import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobEventReader, type EventSource, type PlacedEvent } from '#engine/listener/job-events.ts';
import { ok } from '#domain/result.ts';
import type { JobStates } from '#store/state-changes.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';

const START_MS = Date.parse('2026-10-01T08:00:00Z');

/** Jobs whose changes are stamped with one time and become visible at another. */
class LateWorld implements EventSource {
  nowMs = START_MS;
  readonly #changes: { readonly jobId: string; readonly stampMs: number; readonly visibleMs: number }[] = [];
  /** The most jobs that were read at once. */
  pageMax = 0;

  change(jobId: string, stampMs: number, lateMs = 0): void {
    this.#changes.push({ jobId, stampMs, visibleMs: stampMs + lateMs });
  }

  now: EventSource['now'] = () => Promise.resolve(ok(new Date(this.nowMs)));

  statesSince: EventSource['statesSince'] = ({ atMs, fromId }, { limit }) => {
    const visible = this.#changes.filter(({ visibleMs }) => visibleMs <= this.nowMs);
    const jobs = [...Map.groupBy(visible, ({ jobId }) => jobId)]
      .map(([jobId, changes]) =>
        jobOf(
          jobId,
          changes.map(({ stampMs }) => stampMs),
        ),
      )
      .filter(({ _id, updatedAt }) => {
        const changedMs = updatedAt.getTime();
        return changedMs === atMs && fromId !== null ? _id >= fromId : changedMs >= atMs;
      })
      .toSorted(
        (left, right) => left.updatedAt.getTime() - right.updatedAt.getTime() || (left._id < right._id ? -1 : 1),
      )
      .slice(0, limit);
    this.pageMax = Math.max(this.pageMax, jobs.length);
    const last = jobs.length < limit ? undefined : jobs.at(-1);
    const next = last === undefined ? null : { atMs: last.updatedAt.getTime(), fromId: `${last._id}\0` };
    return Promise.resolve(ok({ jobs, next }));
  };
}

function jobOf(jobId: string, stamps: readonly number[]): JobStates {
  const { workspaceId, userId, kind, history } = queuedJob({ id: jobId });
  const [first] = history;
  if (first === undefined) throw new Error('a job has a history');
  const entries = stamps.map((stampMs, index) => ({ ...first, seq: index + 1, at: new Date(stampMs) }));
  const updatedAt = new Date(stamps.at(-1) ?? 0);
  return { _id: jobId, workspaceId, userId, kind, updatedAt, history: entries, failure: null };
}

/** Reads every half second until a time, or until a client that has heard so many goes away. */
async function listen(
  world: LateWorld,
  lastEventId: string | null,
  { untilMs, eventsMax = Number.POSITIVE_INFINITY }: { readonly untilMs: number; readonly eventsMax?: number },
): Promise<{ readonly heard: readonly PlacedEvent[]; readonly position: string }> {
  const reader = new JobEventReader(world, { workspaceId: null, lastEventId });
  const begun = expectOk(await reader.begin());
  const heard: PlacedEvent[] = [];
  while (world.nowMs <= untilMs && heard.length < eventsMax) {
    const page = expectOk(await reader.next());
    heard.push(...page.events.slice(0, eventsMax - heard.length));
    if (!page.isBehind) world.nowMs += 500;
  }
  return { heard, position: heard.at(-1)?.position ?? begun };
}

function idsOf(heard: readonly PlacedEvent[]): readonly string[] {
  return heard.map(({ event }) => event.id);
}

describe('events for products', () => {
  it('are not lost to who comes back with the position of a job whose time lies in the future', async () => {
    const world = new LateWorld();
    const { position: begun } = await listen(world, null, { untilMs: START_MS });
    world.change('ahead', START_MS + 365 * 86_400_000, -366 * 86_400_000);
    const { position } = await listen(world, begun, { untilMs: world.nowMs + 5000, eventsMax: 1 });
    world.change('meanwhile', world.nowMs + 1000);
    world.nowMs += 10 * 60_000;
    const { heard } = await listen(world, position, { untilMs: world.nowMs + 1000 });
    expect(heard.map(({ event }) => event.jobId)).toContain('meanwhile');
  });

  it('are not lost to who comes back with the id of an event whose time lies in the future', async () => {
    const world = new LateWorld();
    world.change('meanwhile', START_MS + 1000);
    world.nowMs += 10 * 60_000;
    const { heard } = await listen(world, `${START_MS + 365 * 86_400_000}.1.ahead`, { untilMs: world.nowMs + 1000 });
    expect(heard.map(({ event }) => event.jobId)).toEqual(['meanwhile']);
  });

  it.each([2000, 20_000, 59_000])('tell a change that became visible %i ms after its time, once', async (lateMs) => {
    const world = new LateWorld();
    world.change('late', START_MS + 5000, lateMs);
    for (let n = 0; n < 200; n += 1) world.change('busy', START_MS + n * 1000);
    const { heard } = await listen(world, null, { untilMs: START_MS + 200_000 });
    expect(heard.filter(({ event }) => event.jobId === 'late')).toHaveLength(1);
    expect(heard.filter(({ event }) => event.jobId === 'busy')).toHaveLength(200);
  });

  it('tell an early change that became visible late although later ones of the job were told before', async () => {
    const world = new LateWorld();
    world.change('j1', START_MS + 5000, 20_000);
    world.change('j1', START_MS + 25_000);
    const { heard } = await listen(world, null, { untilMs: START_MS + 120_000 });
    expect(heard.map(({ event }) => event.seq)).toEqual([1, 2]);
  });

  it('are read in pages by who comes back after hours', async () => {
    const world = new LateWorld();
    for (let n = 0; n < 3000; n += 1) world.change(`j${n}`, START_MS + n * 10);
    world.nowMs = START_MS + 10 * 3_600_000;
    const { heard } = await listen(world, `${START_MS}.${START_MS}.0.`, { untilMs: world.nowMs });
    expect(new Set(idsOf(heard)).size).toBe(3000);
    expect(world.pageMax).toBe(500);
  });

  it('miss none, however often somebody is cut off, and however late what becomes visible', async () => {
    const change = fc.record({
      job: fc.integer({ min: 0, max: 8 }),
      afterMs: fc.integer({ min: 0, max: 15_000 }),
      lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 59_000 })),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 40 }),
        fc.array(fc.record({ events: fc.integer({ min: 1, max: 6 }), awayMs: fc.integer({ min: 0, max: 200_000 }) })),
        async (changes, cuts) => {
          const world = new LateWorld();
          const visibleMs = new Map<number, number>();
          let atMs = START_MS + 1;
          for (const { job, afterMs, lateMs } of changes) {
            atMs += afterMs;
            // A later change of a job is made by who has seen the earlier one.
            atMs = Math.max(atMs, visibleMs.get(job) ?? 0);
            visibleMs.set(job, atMs + lateMs);
            world.change(`j${job}`, atMs, lateMs);
          }
          const heard: PlacedEvent[] = [];
          let position: string | null = null;
          for (const { events, awayMs } of cuts) {
            const part = await listen(world, position, { untilMs: atMs + 100_000, eventsMax: events });
            heard.push(...part.heard);
            position = part.position;
            world.nowMs += awayMs;
          }
          const rest = await listen(world, position, { untilMs: Math.max(world.nowMs, atMs) + 100_000 });
          heard.push(...rest.heard);
          const told = new Set(heard.map(({ event }) => `${event.jobId}:${event.seq}`));
          expect(told.size).toBe(changes.length);
          expect(new Set(idsOf(rest.heard)).size).toBe(rest.heard.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});
