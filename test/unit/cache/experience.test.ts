import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import { jobSchema, type Job } from '#domain/job.ts';
import { failedJob } from '../../support/failed-job.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { jobChange, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
let cache: Cache;
beforeEach(() => {
  world = setupCache();
  cache = world.open();
});
afterEach(() => world.end());

/** A job whose first attempt failed in a class, and whose second one completed or failed again. */
function retriedJob(id: string, failureClass: 'timeout' | 'validation', isCompleted: boolean, providerCost = 700): Job {
  const failed = failedJob({ failureClass });
  const [attempt] = failed.attempts;
  const second = { ...attempt, n: 2, failure: isCompleted ? null : attempt?.failure, providerCost };
  return jobSchema.parse({ ...failed, _id: id, attempt: 2, attempts: [attempt, second] });
}

function hold(...jobs: readonly Job[]): void {
  expectOk(cache.writer.apply(jobs.map(jobChange), null));
}

const QUERY = { kind: 'website', model: 'demo', failureClass: 'timeout', sinceMs: 0, windowMs: 1 } as const;

describe('what earlier jobs tell of a retry', () => {
  it('counts how often a class of failure was overcome by the next attempt, and what completed attempts cost', () => {
    hold(
      retriedJob('a', 'timeout', true, 600),
      retriedJob('b', 'timeout', true, 800),
      retriedJob('c', 'timeout', false),
      retriedJob('d', 'validation', true, 100),
    );
    const experience = expectOk(cache.reader.experience(QUERY));
    expect(experience).toMatchObject({ retried: 3, succeeded: 2 });
    expect(experience.costs.toSorted((a, b) => a - b)).toEqual([100, 600, 800]);
  });

  it('tells nothing of other kinds, other models and older jobs', () => {
    hold(retriedJob('a', 'timeout', true));
    const nothing = { costs: [], retried: 0, succeeded: 0 };
    expect(expectOk(cache.reader.experience({ ...QUERY, kind: 'image' }))).toMatchObject(nothing);
    expect(expectOk(cache.reader.experience({ ...QUERY, model: 'other' }))).toMatchObject(nothing);
    expect(expectOk(cache.reader.experience({ ...QUERY, sinceMs: Date.parse('2027-01-01') }))).toMatchObject(nothing);
  });
});

describe('the same order given twice', () => {
  it('is found while the other one is not at its end, in the same workspace only', () => {
    const [own, twin] = [queuedJob({ id: 'own' }), queuedJob({ id: 'twin' })];
    hold(
      own,
      twin,
      queuedJob({ id: 'other-input', prompt: 'A page about coffee' }),
      queuedJob({ id: 'other-workspace', workspaceId: 'w2' }),
      jobSchema.parse({ ...failedJob({ failureClass: 'timeout' }), _id: 'over' }),
    );
    const query = { workspaceId: 'w1', inputHash: own.input.hash, exceptId: 'own' };
    expect(expectOk(cache.reader.twins(query))).toEqual(['twin']);
  });
});
