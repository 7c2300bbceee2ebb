import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { JobEventReader, PlacedEvent } from './job-events.ts';

/** The server is asked this often for each stream, in milliseconds. */
const LOOK_MS = 500;
/** A stream on which nothing happens says so this often, in looks, so that nothing between takes it for dead. */
const LOOKS_TO_COMMENT = 30;
/** After an end the browser comes back after this long, in milliseconds. */
const RETRY_MS = 2000;
/**
 * A client that takes nothing of what it was sent for this long is sent away, in milliseconds: it holds one of few places for as long as its
 * connection stands, and if it still wants anything it comes back with its position.
 */
const STALLED_MS_MAX = 60_000;

/** Ends early when the signal is aborted. Never rejects. */
type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Writes events as server-sent events until the client goes away or stalls, the server cannot be read, or the signal is aborted. */
export async function streamEvents(
  reader: Pick<JobEventReader, 'begin' | 'next'>,
  response: ServerResponse,
  { signal, wait }: { readonly signal: AbortSignal; readonly wait: Wait },
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const ended = AbortSignal.any([signal, gone.signal]);
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.write(`retry: ${RETRY_MS}\n\n`);
  const begun = await reader.begin();
  // The client comes back with its position when the server does.
  if (!begun.ok) {
    response.end();
    return;
  }
  // A position without an event: whoever is cut off before the first one comes back to here.
  response.write(`${idLine(begun.value)}\n`);
  let quiet = 0;
  while (!ended.aborted) {
    const page = await reader.next();
    if (!page.ok) break;
    const { events, isBehind } = page.value;
    quiet = events.length > 0 ? 0 : quiet + 1;
    const text = events.map(textOf).join('') + (quiet % LOOKS_TO_COMMENT === 1 ? ': here\n\n' : '');
    if (text !== '' && !response.write(text) && !(await isDrained(response, ended, wait))) {
      response.destroy();
      return;
    }
    if (!isBehind) await wait(LOOK_MS, ended);
  }
  response.end();
}

function textOf({ event, position }: PlacedEvent): string {
  return `${idLine(position)}event: job\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Ids come from outside and must not end a line. */
function idLine(position: string): string {
  return `id: ${position.replace(/[\r\n\0]/g, ' ')}\n`;
}

/** Waits for a slow client. @returns false where the stream ends first, or the client stalls */
async function isDrained(response: ServerResponse, ended: AbortSignal, wait: Wait): Promise<boolean> {
  const over = new AbortController();
  const until = AbortSignal.any([ended, over.signal]);
  const drained = once(response, 'drain', { signal: until }).then(
    () => true,
    () => false,
  );
  const isTaken = await Promise.race([drained, wait(STALLED_MS_MAX, until).then(() => false)]);
  over.abort();
  return isTaken;
}
