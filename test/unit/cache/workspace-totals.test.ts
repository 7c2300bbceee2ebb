import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheChange } from '#cache/changes.ts';
import type { Job } from '#domain/job.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { anyJobSpec, jobChange, jobIn, NOW_MS, setupCache } from '../../support/cache-world.ts';
import { expectWorkspacesOf, rollUpsOf, rollUpsOfFresh } from './health-recount.ts';

const DAY_MS = 86_400_000;

/** Jobs over half a year, so that weeks, months and single days of a time all hold some. */
const anyOldJob = fc
  .record({
    spec: anyJobSpec,
    ageDays: fc.nat(180),
    startMs: fc.nat(3 * DAY_MS),
    restMs: fc.nat(40 * DAY_MS),
  })
  .map(({ spec, ageDays, startMs, restMs }) => {
    const createdAtMs = NOW_MS - ageDays * DAY_MS;
    const startedAtMs = spec.state === 'queued' ? {} : { startedAtMs: createdAtMs + startMs };
    return jobIn({ ...spec, createdAtMs, ...startedAtMs, updatedAtMs: createdAtMs + startMs + restMs });
  });

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('stream'), jobs: fc.array(anyOldJob, { maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('read'), jobs: fc.array(anyOldJob, { maxLength: 8 }) }) },
  fc.record({
    type: fc.constant('deleted'),
    ids: fc.array(
      anyJobSpec.map(({ id }) => id),
      { maxLength: 4 },
    ),
  }),
  fc.record({ type: fc.constant('kept'), days: fc.option(fc.nat(180)) }),
);

/** Times of days: of a day up to half a year, ending some days before now; of all jobs, or of some of them. */
const anyTimes = fc.record({
  days: fc.integer({ min: 1, max: 180 }),
  endsDaysAgo: fc.nat(60),
  filter: fc.record(
    {
      kind: fc.constantFrom('website', 'image', 'poem', 'none'),
      provider: fc.constantFrom('demo', 'openai'),
      model: fc.constantFrom('m1', 'm2'),
    },
    { requiredKeys: [] },
  ),
});

function isOutside(job: Job, keptSinceMs: number | null): boolean {
  const hasEnded = job.state === 'completed' || job.state === 'failed';
  return keptSinceMs !== null && hasEnded && job.updatedAt.getTime() < keptSinceMs;
}

describe('health by workspace', () => {
  it('equals a full recount over any days, after any changes, deletions, re-reads and windows', () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 10 }),
        fc.array(anyTimes, { minLength: 6, maxLength: 6 }),
        (steps, asked) => {
          const world = setupCache();
          const { writer, reader } = world.open();
          const standing = new Map<string, Job>();
          let keptSinceMs: number | null = null;
          for (const step of steps) {
            switch (step.type) {
              case 'stream':
              case 'read': {
                const changes = step.jobs.map(jobChange);
                // What is read again brings what stands already beside what is new.
                const again = [...[...standing.values()].map(jobChange), ...changes];
                expectOk(step.type === 'stream' ? writer.apply(changes, 'p') : writer.applyRead(again, 'p'));
                for (const job of step.jobs) {
                  if (isOutside(job, keptSinceMs)) standing.delete(job._id);
                  else standing.set(job._id, job);
                }
                break;
              }
              case 'deleted':
                expectOk(
                  writer.apply(
                    step.ids.map((id): CacheChange => ({ type: 'deleted', part: 'jobs', id })),
                    'p',
                  ),
                );
                for (const id of step.ids) standing.delete(id);
                break;
              case 'kept':
                keptSinceMs = step.days === null ? null : NOW_MS - step.days * DAY_MS;
                expectOk(writer.keepSince(keptSinceMs, 1000));
                for (const [id, job] of standing) if (isOutside(job, keptSinceMs)) standing.delete(id);
            }
          }
          const jobs = [...standing.values()];
          expect(rollUpsOf(world.file)).toEqual(rollUpsOfFresh(jobs.map(jobChange)));
          for (const { days, endsDaysAgo, filter } of asked) {
            const toMs = NOW_MS - endsDaysAgo * DAY_MS;
            expectWorkspacesOf(reader, jobs, { fromMs: toMs - days * DAY_MS, toMs, filter });
          }
          world.end();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('counts of a filter nothing of a model that a week has only beside the days that are asked for', () => {
    const world = setupCache();
    const { writer, reader } = world.open();
    const jobs = Array.from({ length: 140 }, (_, day) =>
      jobIn({ id: `j${day}`, model: `m${day}`, workspaceId: `w${day % 3}`, createdAtMs: NOW_MS - day * DAY_MS }),
    );
    expectOk(writer.apply(jobs.map(jobChange), 'p'));
    expect(rollUpsOf(world.file)['workspace_model_totals']).not.toEqual([]);
    for (let endsDaysAgo = 0; endsDaysAgo < 28; endsDaysAgo += 1) {
      const toMs = NOW_MS - endsDaysAgo * DAY_MS;
      for (const days of [5, 12, 90]) {
        expectWorkspacesOf(reader, jobs, { fromMs: toMs - days * DAY_MS, toMs, filter: { provider: 'demo' } });
      }
    }
    world.end();
  });
});
