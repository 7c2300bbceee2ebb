import { parentPort, workerData } from 'node:worker_threads';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { ok } from '#domain/result.ts';
import { InterruptedError } from '../interrupt.ts';
import { openCacheReader } from '../open-cache.ts';
import type { CacheReader } from '../reader.ts';
import { packDocument, packMalformed } from './carried-documents.ts';
import { isReaderMethod } from './reader-methods.ts';
import { readerSettingsSchema, toReaderSchema, type FromReader } from './reader-messages.ts';

/** Reads the copy on a thread of its own, one question after the other, until it is told to close. It is never terminated. */
const settings = readerSettingsSchema.parse(workerData);
const port = parentPort;
if (port === null) throw new Error('The reader runs only as a worker thread.');

const stopped = new Int32Array(settings.stopped);
let underWay = 0;
const open = (): ReturnType<typeof openCacheReader> =>
  openCacheReader(settings.file, Date.now, () => Atomics.load(stopped, 0) === underWay);
let opened = open();

function call(reader: CacheReader, method: string, args: readonly unknown[]): Result<unknown, AppError> {
  if (!isReaderMethod(method)) throw new Error(`the reader has no ${method}`);
  if (method === 'job') {
    const found = reader.job(String(args[0]));
    return found.ok ? ok(packDocument(found.value)) : found;
  }
  // The host's call was typed by the method's own parameters; TypeScript cannot tie them to a name that was looked up.
  const answer = (reader[method] as (...given: readonly unknown[]) => Result<unknown, AppError>)(...args);
  if (method !== 'malformedPage' || !answer.ok) return answer;
  return ok(packMalformed(answer.value as Parameters<typeof packMalformed>[0]));
}

function answer(id: number, method: string, args: readonly unknown[]): FromReader['answer'] {
  // What kept the file shut (another process that holds it, no more handles) may be over.
  if (!opened.ok) opened = open();
  if (!opened.ok) return failure(opened.error);
  underWay = id;
  try {
    const result = call(opened.value.reader, method, args);
    return result.ok ? { type: 'value', value: result.value } : failure(result.error);
  } catch (cause) {
    if (cause instanceof InterruptedError) return { type: 'failure', code: 'cancelled', detail: null };
    return { type: 'failure', code: 'internal', detail: cause instanceof Error ? cause.message : String(cause) };
  } finally {
    underWay = 0;
  }
}

function failure({ code, detail }: AppError): FromReader['answer'] {
  return { type: 'failure', code, detail };
}

port.on('message', (message: unknown) => {
  const received = toReaderSchema.parse(message);
  if (received.type === 'close') {
    if (opened.ok) opened.value.close();
    port.close();
    return;
  }
  port.postMessage({ id: received.id, answer: answer(received.id, received.method, received.args) });
});
