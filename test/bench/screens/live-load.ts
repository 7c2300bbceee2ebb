import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { MongoClient } from 'mongodb';
import { COLLECTION_NAMES } from '#store/collections.ts';
import { startApplication } from '../../e2e/application.ts';
import { startServerProcess } from '../../faults/processes.ts';
import { benchCase, quantile, type BenchCase } from '../figures.ts';
import { seedDatabase } from '../cache/seed.ts';

const DB = 'bench_live';
const PER_SECOND = 500;

/** The delay of a key in the list of jobs while so many jobs a second change on the server that the window is attached to. */
export async function inputDelays(
  folder: string,
  { liveJobs, liveSeconds }: { readonly liveJobs: number; readonly liveSeconds: number },
): Promise<readonly BenchCase[]> {
  const server = await startServerProcess({ dataDir: path.join(folder, 'server'), port: 0, skewMs: 0 });
  const uri = `mongodb://127.0.0.1:${server.port}/?directConnection=true`;
  const client = await new MongoClient(uri).connect();
  try {
    await seedDatabase(client.db(DB), { jobs: liveJobs, seed: 1, say: () => undefined });
    const application = await startApplication(
      { env: { MONGODB_URI: uri }, args: ['--db', DB] },
      path.join(folder, 'live-data'),
    );
    try {
      const { page } = application;
      await page.evaluate(() => {
        location.hash = '#/jobs';
      });
      await page.waitForFunction(
        (rows) => Number(document.querySelector('.jobs-scroll')?.getAttribute('aria-rowcount')) > rows,
        liveJobs * 0.99,
        { timeout: 120_000 },
      );
      const calm = await keyDelays(page, Math.ceil(liveSeconds / 2), null);
      const changing = change(client, liveSeconds * PER_SECOND);
      const busy = await keyDelays(page, liveSeconds, changing);
      const perSecond = await changing;
      const p95 = quantile(busy, 0.95);
      return [
        benchCase({
          name: 'jobs that changed a second meanwhile',
          unit: 'jobs/s',
          ours: perSecond,
          aim: String(PER_SECOND),
          // The last of them are acknowledged a moment after the time is over.
          isReached: perSecond >= PER_SECOND * 0.95,
        }),
        benchCase({
          name: `delay of a key while ${PER_SECOND} of ${liveJobs} jobs change a second, p95`,
          unit: 'ms',
          ours: p95,
          limit: quantile(calm, 0.95),
          limitName: 'the same while nothing changes',
          aim: 'under 50 ms',
          isReached: p95 < 50,
        }),
      ];
    } finally {
      await application.stop();
    }
  } finally {
    await client.close();
    await server.kill();
  }
}

/** Changes that many jobs, one after the other and then from the first again. @returns how many a second were acknowledged */
async function change(client: MongoClient, total: number): Promise<number> {
  const jobs = client.db(DB).collection<{ _id: string }>(COLLECTION_NAMES.jobs);
  const ids = (await jobs.find().project<{ _id: string }>({ _id: 1 }).limit(total).toArray()).map(({ _id }) => _id);
  const startedAt = performance.now();
  for (let done = 0; done < total;) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1000) * PER_SECOND));
    await Promise.all(
      Array.from({ length: due - done }, (_, n) =>
        jobs.updateOne({ _id: ids[(done + n) % ids.length] ?? '' }, [
          { $set: { updatedAt: '$$NOW', version: { $add: ['$version', 1] } } },
        ]),
      ),
    );
    done = due;
    await delay(10);
  }
  return (total * 1000) / (performance.now() - startedAt);
}

/** Presses a key 20 times a second. @returns of each press, how long the page took to hear of it, in milliseconds */
async function keyDelays(page: Page, seconds: number, meanwhile: Promise<unknown> | null): Promise<readonly number[]> {
  await page.evaluate(() => {
    const delays: number[] = [];
    Object.assign(window, { keyDelays: delays });
    addEventListener('keydown', (event) => delays.push(performance.now() - event.timeStamp), { capture: true });
  });
  await page.locator('.jobs-scroll').focus();
  for (let press = 0; press < seconds * 20; press += 1) {
    await page.keyboard.press(press % 40 < 20 ? 'ArrowDown' : 'ArrowUp');
    await delay(50);
  }
  await meanwhile;
  return page.evaluate(() => {
    const found: unknown = Reflect.get(window, 'keyDelays');
    return Array.isArray(found) ? found.map(Number) : [];
  });
}
