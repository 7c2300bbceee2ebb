import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { jobFilterSchema, type JobRow } from '#contract/job-views.ts';
import { toWindowSchema, type WindowBridge } from '#contract/wire.ts';
import { toJobRow } from '#engine/job-views.ts';
import { createEngineClient } from '../../../renderer/state/engine-client.ts';
import { benchCase, peakMemoryCase, quantile, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { SeededBooks } from '../cache/seeded-books.ts';

const WAYS = ['session', 'clone', 'json', 'empty'] as const;
type Way = (typeof WAYS)[number];
const SIZES = [20, 200, 1000] as const;
const SORT = { column: 'createdAt', direction: 'descending' } as const;

/** One way to ask the other thread for its page. */
interface Asker {
  readonly ask: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

/**
 * `npm run bench -- transport [--rounds N] [--quick] [--json]`: a page of jobs from the engine's side to the window's over a message
 * port, as the application does it (permission, both schemas, typed failures), beside a bare structured clone and JSON as a text over
 * the same port, all round about. The limit is a message that carries nothing. Exits 1 where a side received other rows.
 */
export async function runTransportBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 20 : 400));
  const cases: BenchCase[] = [];
  for (const size of SIZES) cases.push(...(await casesOf(rowsOf(size), rounds)));
  cases.push(peakMemoryCase('memory of the process with both sides, at most'));
  printReport(
    { benchmark: 'transport', setUp: { rounds, sizes: SIZES, way: 'a message port to a thread' }, cases },
    values.json,
  );
  return 0;
}

function rowsOf(count: number): readonly JobRow[] {
  const rows: JobRow[] = [];
  for (const block of new SeededBooks(Math.max(count, 100), 1).blocks()) rows.push(...block.jobs.map(toJobRow));
  return rows.slice(0, count);
}

async function casesOf(rows: readonly JobRow[], rounds: number): Promise<readonly BenchCase[]> {
  const askers = new Map<Way, Asker>(WAYS.map((way) => [way, askerOf(way, rows)]));
  const times = new Map<Way, number[]>(WAYS.map((way) => [way, []]));
  try {
    for (let round = 0; round < rounds + Math.ceil(rounds / 4); round += 1) {
      for (const [way, asker] of askers) {
        const startedAt = performance.now();
        const received = await asker.ask();
        const ms = performance.now() - startedAt;
        if (way !== 'empty' && received !== rows.length)
          throw new Error(`${way} gave ${received} of ${rows.length} rows`);
        // The first ones warm all of them.
        if (round >= rounds / 4) times.get(way)?.push(ms);
      }
    }
  } finally {
    for (const asker of askers.values()) await asker.stop();
  }
  const at = (way: Way, share: number): number => quantile(times.get(way) ?? [], share);
  return [0.5, 0.99].flatMap((share) =>
    (['clone', 'json'] as const).map((peer) =>
      benchCase({
        name: `page of ${rows.length} jobs to the window, p${share * 100}`,
        unit: 'ms',
        ours: at('session', share),
        peer: at(peer, share),
        peerName: peer === 'clone' ? 'bare structured clone, nothing parsed' : 'JSON text, nothing parsed',
        limit: at('empty', share),
        limitName: 'empty message there and back',
      }),
    ),
  );
}

function askerOf(way: Way, rows: readonly JobRow[]): Asker {
  const worker = new Worker(new URL('./engine-side.ts', import.meta.url), { workerData: { way, rows } });
  const stop = async (): Promise<void> => {
    // It holds no native code, so it may be ended from here.
    await worker.terminate();
  };
  if (way === 'session') return { ask: askBySession(worker), stop };
  return {
    ask: async () => {
      const answered = new Promise<unknown>((resolve) => {
        worker.once('message', resolve);
      });
      worker.postMessage(null);
      const answer = await answered;
      return way === 'empty' ? 0 : rowsIn(way === 'json' ? JSON.parse(String(answer)) : answer);
    },
    stop,
  };
}

function rowsIn(page: unknown): number {
  const rows: unknown = typeof page === 'object' && page !== null && 'rows' in page ? page.rows : null;
  return Array.isArray(rows) ? rows.length : 0;
}

/** The window's own client, on a bridge like the preload's. */
function askBySession(worker: Worker): () => Promise<number> {
  let lastId = 0;
  const waiting = new Map<number, (message: ReturnType<typeof toWindowSchema.parse>) => void>();
  worker.on('message', (data: unknown) => {
    const message = toWindowSchema.parse(data);
    if (message.type !== 'events') waiting.get(message.id)?.(message);
  });
  const bridge: WindowBridge = {
    invoke: async (name, params) => {
      const id = (lastId += 1);
      const answered = new Promise<ReturnType<typeof toWindowSchema.parse>>((resolve) => waiting.set(id, resolve));
      worker.postMessage({ type: 'request', id, name, params });
      const message = await answered;
      waiting.delete(id);
      if (message.type === 'result') return { ok: true, result: message.result };
      return { ok: false, error: message.type === 'failure' ? message.error : { code: 'internal', detail: null } };
    },
    cancel: () => undefined,
    subscribe: () => () => undefined,
  };
  const client = createEngineClient(bridge);
  const params = { filter: jobFilterSchema.parse({}), sort: SORT, startAtMs: null, cursor: null, limit: 200 };
  return async () => {
    const answer = await client.call('jobs.page', params);
    if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail ?? ''}`);
    return answer.value.rows.length;
  };
}
