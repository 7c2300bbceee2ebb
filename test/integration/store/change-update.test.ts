import fc from 'fast-check';
import type { Collection } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJob, type Job } from '#domain/job.ts';
import { applyChange } from '#domain/transition.ts';
import { guardOf, pipelineOf } from '#store/change-update.ts';
import type { RawDocument } from '#store/collections.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { walk, walkStep } from '../../support/model-walk.ts';

let server: TestServer;
let jobs: Collection<RawDocument>;

beforeAll(async () => {
  server = await startTestServer();
  jobs = server.client.db(server.dbName).collection<RawDocument>('jobs');
});
afterAll(() => server.stop());

function job(document: RawDocument | null): Job {
  const parsed = parseJob(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** How far the times of one statement may lie apart; a server that reads its clock only once has them equal. */
const STATEMENT_MS_MAX = 50;

/** The value with each time that lies within a statement of the expected one taken for it. */
function withTimesOf(expected: unknown, value: unknown): unknown {
  if (value instanceof Date && expected instanceof Date) {
    return Math.abs(value.getTime() - expected.getTime()) <= STATEMENT_MS_MAX ? expected : value;
  }
  if (Array.isArray(value)) return value.map((one, index) => withTimesOf((expected as unknown[])[index], one));
  if (typeof value !== 'object' || value === null || typeof expected !== 'object' || expected === null) return value;
  const fields = expected as Record<string, unknown>;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withTimesOf(fields[name], one)]));
}

describe('a change as an update on a server', () => {
  it('does to the document exactly what the domain does to the job at the time that the server stamps it with', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(walkStep, { maxLength: 8 }), async (steps) => {
        for (const { before, change } of walk(steps).walked) {
          await jobs.deleteMany({});
          await jobs.insertOne({ ...before });
          // What was stored is what counts: text that is no Unicode comes back mended.
          const stored = job(await jobs.findOne({ _id: before._id }));
          const update = { updateOne: { filter: guardOf(change), update: pipelineOf(change) } };
          expect((await jobs.bulkWrite([update])).matchedCount).toBe(1);
          const after = job(await jobs.findOne({ _id: before._id }));
          const expected = applyChange(stored, change, after.updatedAt);
          expect(withTimesOf(expected, after)).toEqual(expected);
          expect((await jobs.bulkWrite([update])).matchedCount).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });
});
