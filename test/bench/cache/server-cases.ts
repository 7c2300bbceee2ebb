import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { z } from 'zod';
import { ENGINE_FLAGS } from '#engine/process-flags.ts';
import { COLLECTION_NAMES } from '#store/collections.ts';
import { BenchChild } from '../child.ts';
import { benchCase, medianCase, quantile, type BenchCase } from '../figures.ts';
import { copyRowByRow, countByCursor } from './peers.ts';

const SNAPSHOT_PROCESS = new URL('./snapshot-process.ts', import.meta.url);
const copiedSchema = z.object({ mode: z.string(), tookMs: z.number(), documents: z.number(), maxRssMb: z.number() });
const changedSchema = z.object({ atMs: z.number(), jobIds: z.array(z.string()) });

interface Place {
  readonly uri: string;
  readonly db: Db;
}

/** The snapshot beside the bare cursor and the naive copy, interleaved, on the same server. */
export async function snapshotCases({ uri, db }: Place, rounds: number): Promise<readonly BenchCase[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  const [bare, ours, naive]: [number[], number[], number[]] = [[], [], []];
  let memoryMb = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const bareAt = performance.now();
      const documents = await countByCursor(db);
      bare.push((documents * 1000) / (performance.now() - bareAt));
      const child = new BenchChild(
        SNAPSHOT_PROCESS,
        [uri, db.databaseName, path.join(folder, `ours-${round}.sqlite`)],
        ENGINE_FLAGS,
      );
      const copied = copiedSchema.parse(JSON.parse(await child.end()));
      if (copied.documents !== documents) throw new Error(`copied ${copied.documents} of ${documents} documents`);
      ours.push((documents * 1000) / copied.tookMs);
      memoryMb = Math.max(memoryMb, copied.maxRssMb);
      const naiveAt = performance.now();
      const rows = await copyRowByRow(db, path.join(folder, `naive-${round}.sqlite`));
      if (rows !== documents) throw new Error(`the naive copy has ${rows} of ${documents} documents`);
      naive.push((documents * 1000) / (performance.now() - naiveAt));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const snapshot = medianCase({
    name: 'snapshot',
    unit: 'documents/s',
    ours,
    peer: naive,
    peerName: 'toArray and row by row',
    limit: bare,
    limitName: 'bare cursors that count',
    aim: 'half the limit, 5 times the peer',
  });
  return [
    { ...snapshot, isReached: snapshot.ours >= (snapshot.limit ?? 0) / 2 && (snapshot.ratio ?? 0) >= 5 },
    benchCase({
      name: 'memory of a process that copies, at most',
      unit: 'MB',
      ours: memoryMb,
      aim: 'below 400 MB',
      isReached: memoryMb < 400,
    }),
  ];
}

/** A copy that follows while jobs change so many times a second, and one that catches up with what it missed. */
export async function followCases(
  { uri, db }: Place,
  load: { readonly perSecond: number; readonly seconds: number; readonly missed: number; readonly hasStreams: boolean },
): Promise<readonly BenchCase[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  const file = path.join(folder, 'copy.sqlite');
  const ids = (await db.collection(COLLECTION_NAMES.jobs).find().project({ _id: 1 }).limit(load.missed).toArray()).map(
    ({ _id }) => String(_id),
  );
  try {
    const { ours, bare } = await followLatencies({ uri, db }, file, { ...load, ids });
    const p95 = quantile(ours, 0.95);
    const latency = [0.5, 0.95, 0.99].map((share) =>
      benchCase({
        name: `change to event at ${load.perSecond} changes/s, p${share * 100}`,
        unit: 'ms',
        ours: quantile(ours, share),
        ...(bare === null ? {} : { peer: quantile(bare, share), peerName: 'a bare change stream, the same changes' }),
        ...(share === 0.95 && load.hasStreams ? { aim: 'p95 below 100 ms', isReached: p95 < 100 } : {}),
      }),
    );
    return [...latency, await catchUpCase({ uri, db }, file, ids, load.hasStreams)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function followLatencies(
  { uri, db }: Place,
  file: string,
  load: {
    readonly perSecond: number;
    readonly seconds: number;
    readonly ids: readonly string[];
    readonly hasStreams: boolean;
  },
): Promise<{ readonly ours: readonly number[]; readonly bare: readonly number[] | null }> {
  const child = new BenchChild(SNAPSHOT_PROCESS, [uri, db.databaseName, file, 'follow'], ENGINE_FLAGS);
  const ready = Promise.withResolvers<void>();
  const sent = new Map<string, number>();
  const heard = new Set<string>();
  const latencies: number[] = [];
  child.onLine((line) => {
    const parsed: unknown = JSON.parse(line);
    if (copiedSchema.safeParse(parsed).success) ready.resolve();
    const changed = changedSchema.safeParse(parsed);
    if (!changed.success) return;
    for (const id of changed.data.jobIds) {
      const sentMs = sent.get(id);
      if (sentMs !== undefined && !heard.has(id)) latencies.push(changed.data.atMs - sentMs);
      if (sentMs !== undefined) heard.add(id);
    }
  });
  await ready.promise;
  const bare = load.hasStreams ? await hearBare(db, sent) : null;
  const jobs = db.collection<{ _id: string }>(COLLECTION_NAMES.jobs);
  const total = Math.min(load.ids.length, load.perSecond * load.seconds);
  const startedAt = performance.now();
  // Ten times a second a tenth of the changes, each an update of its own, as runners write them.
  for (let done = 0; done < total;) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1000) * load.perSecond));
    await Promise.all(
      load.ids.slice(done, due).map(async (id) => {
        await jobs.updateOne({ _id: id }, [{ $set: { updatedAt: '$$NOW', version: { $add: ['$version', 1] } } }]);
        sent.set(id, Date.now());
      }),
    );
    done = due;
    await delay(5);
  }
  const heardAt = performance.now();
  while (latencies.length < total * 0.999 && performance.now() - heardAt < 60_000) await delay(20);
  await child.kill();
  if (latencies.length < total * 0.99) throw new Error(`${latencies.length} of ${total} changes were heard of`);
  return { ours: latencies, bare: bare === null ? null : await bare.end(total) };
}

/** A change stream with nothing behind it, which hears the same changes: what a copy cannot be quicker than. */
async function hearBare(
  db: Db,
  sent: ReadonlyMap<string, number>,
): Promise<{ end(total: number): Promise<readonly number[]> }> {
  const options = { fullDocument: 'updateLookup', maxAwaitTimeMS: 1000 } as const;
  const stream = db.collection<{ _id: string }>(COLLECTION_NAMES.jobs).watch([], options);
  const heardAt = new Map<string, number>();
  const ending = new AbortController();
  // Opens it: from here on every change is heard.
  await stream.tryNext();
  const hearing = (async () => {
    while (!ending.signal.aborted) {
      const event = await stream.tryNext();
      // Nobody may have noted the time of sending when the event is here already.
      if (event !== null && 'documentKey' in event && !heardAt.has(event.documentKey._id))
        heardAt.set(event.documentKey._id, Date.now());
    }
  })();
  return {
    end: async (total) => {
      const waitedAt = performance.now();
      while (heardAt.size < total * 0.999 && performance.now() - waitedAt < 10_000) await delay(20);
      ending.abort();
      await hearing;
      await stream.close();
      const latencies = [...heardAt].flatMap(([id, at]) => {
        const sentMs = sent.get(id);
        return sentMs === undefined ? [] : [Math.max(0, at - sentMs)];
      });
      if (latencies.length < total * 0.99) throw new Error(`the bare stream heard ${latencies.length} of ${total}`);
      return latencies;
    },
  };
}

async function catchUpCase(
  { uri, db }: Place,
  file: string,
  ids: readonly string[],
  hasStreams: boolean,
): Promise<BenchCase> {
  const stream = hasStreams
    ? db.watch([], { fullDocument: 'updateLookup', batchSize: 1000, maxAwaitTimeMS: 1000 })
    : null;
  await stream?.tryNext();
  const jobs = db.collection<{ _id: string }>(COLLECTION_NAMES.jobs);
  await jobs.updateMany({ _id: { $in: [...ids] } }, [
    { $set: { updatedAt: '$$NOW', version: { $add: ['$version', 1] } } },
  ]);
  const bareAt = performance.now();
  for (let heard = 0; stream !== null && heard < ids.length;) if ((await stream.tryNext()) !== null) heard += 1;
  const bareMs = performance.now() - bareAt;
  await stream?.close();
  const child = new BenchChild(SNAPSHOT_PROCESS, [uri, db.databaseName, file, 'follow'], ENGINE_FLAGS);
  const missing = new Set(ids);
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    child.onLine((line) => {
      const changed = changedSchema.safeParse(JSON.parse(line));
      if (!changed.success) return;
      for (const id of changed.data.jobIds) missing.delete(id);
      if (missing.size === 0) resolve();
    });
  });
  const tookMs = performance.now() - startedAt;
  await child.kill();
  return benchCase({
    name: `catching up with ${ids.length} changes, with the start of the process`,
    unit: 'changes/s',
    ours: (ids.length * 1000) / tookMs,
    ...(stream === null
      ? {}
      : { limit: (ids.length * 1000) / bareMs, limitName: 'bare change stream with updateLookup' }),
  });
}
