import { parentPort, workerData } from 'node:worker_threads';
import { openCacheWriter } from '#cache/open-cache.ts';
import type { AppError } from '#domain/errors.ts';
import { changesIn } from '#store/parsed-changes.ts';
import { pageSettingsSchema, toPageThreadSchema, type FromPageThread, type ToPageThread } from './page-messages.ts';

/** Decodes and writes pages of a snapshot on a thread of its own, one order after the other, until it is told to close. */
const { file } = pageSettingsSchema.parse(workerData);
const port = parentPort;
if (port === null) throw new Error('Pages are written only on a worker thread.');

const opened = openCacheWriter(file, Date.now);

function write({ serverMs, pages }: Extract<ToPageThread, { type: 'write' }>): FromPageThread {
  if (!opened.ok) return failure(opened.error);
  const { writer } = opened.value;
  writer.tellTime(serverMs);
  const applied = writer.applyPages(
    pages.map(({ bytes, lastId, ...page }) => ({
      ...page,
      changes: { lastId, [Symbol.iterator]: () => changesIn(page.part, bytes) },
    })),
  );
  if (!applied.ok) return failure(applied.error);
  return { type: 'written', jobIds: [...applied.value.jobIds], rows: applied.value.rows };
}

function failure({ code, detail }: AppError): FromPageThread {
  return { type: 'failed', code, detail };
}

port.on('message', (message: unknown) => {
  const order = toPageThreadSchema.parse(message);
  if (order.type === 'close') {
    if (opened.ok) opened.value.close();
    port.close();
    return;
  }
  port.postMessage(write(order));
});
