import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { JobEventReader, PlacedEvent } from './job-events.ts';

/** The server is asked this often for each stream, in milliseconds. */
const LOOK_MS = 500;
/** A stream on which nothing happens says so this often, in looks, so that nothing between takes it for dead. */
const LOOKS_TO_COMMENT = 30;
/** After an end the browser comes back after this long, in milliseconds. */
const RETRY_MS = 2000;

/** Writes events as server-sent events until the client goes away, the server cannot be read, or the signal is aborted. */
export async function streamEvents(
  reader: JobEventReader,
  response: ServerResponse,
  { signal, wait }: { readonly signal: AbortSignal; readonly wait: (ms: number, signal: AbortSignal) => Promise<void> },
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
    if (text !== '' && !response.write(text)) await drained(response, ended);
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

/** Waits for a slow client, and no longer than until the stream ends. */
async function drained(response: ServerResponse, ended: AbortSignal): Promise<void> {
  try {
    await once(response, 'drain', { signal: ended });
  } catch (cause) {
    if (!ended.aborted && !response.destroyed) throw cause;
  }
}
