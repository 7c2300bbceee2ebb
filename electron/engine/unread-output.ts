import { systemCodeOf } from '#domain/errors.ts';

/** What a write says where nobody reads: the reader of a pipe has ended, or the terminal was closed. */
const UNREAD: ReadonlySet<string | null> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * Lets this program go on where nobody reads what it says any more, as behind `| head -1` or a collector of logs that has ended. Node would
 * end it in the middle of whatever it does, and what a runner has bought by then is bought again.
 */
export function goOnUnread(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (cause) => {
      if (!UNREAD.has(systemCodeOf(cause))) throw cause;
    });
  }
}
