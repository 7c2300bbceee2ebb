import { explainError } from '#domain/errors.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

/** A console that was closed for longer than the window compares its whole copy when it comes back, in milliseconds. */
const WINDOW_MS_MIN = 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** How long may a console be away, and still go on where it stopped? */
export const oplogCheck: DoctorCheck = {
  name: 'oplog',
  run: async ({ store }) => {
    if (!store.ok) return skipped('no server to look at');
    if (!store.value.reader.topology.hasChangeStreams) return skipped('this deployment has no change streams');
    const window = await store.value.look.oplogWindow();
    if (!window.ok) return skipped(`it could not be read: ${explainError(window.error)}`);
    if (window.value === null) return skipped('the server shows no oplog to this login');
    const { oldest, newest } = window.value;
    const windowMs = newest.getTime() - oldest.getTime();
    const says = `it reaches back ${(windowMs / HOUR_MS).toFixed(1)} hours`;
    if (windowMs >= WINDOW_MS_MIN) return fine(says);
    return {
      level: 'warning',
      says,
      todo: 'Make it larger (`replSetResizeOplog`) if consoles are closed for longer: they then compare everything.',
    };
  },
};
