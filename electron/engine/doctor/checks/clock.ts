import { explainError } from '#domain/errors.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

/** Ages in the window are counted from this machine's clock: further apart they mislead, in milliseconds. */
const SKEW_MS_MAX = 5000;

/** Do this machine and the server agree on the time? */
export const clockCheck: DoctorCheck = {
  name: 'clock',
  run: async ({ store, nowMs }) => {
    if (!store.ok) return skipped('no server to compare with');
    const now = await store.value.changes.now();
    if (!now.ok) return skipped(explainError(now.error));
    const skewMs = Math.round(nowMs() - now.value.getTime());
    const says = `this machine is ${Math.abs(skewMs)} ms ${skewMs < 0 ? 'behind' : 'ahead of'} the server`;
    if (Math.abs(skewMs) <= SKEW_MS_MAX) return fine(says);
    return {
      level: 'warning',
      says,
      todo: 'Turn on network time on both; money and leases go by the server, but ages shown here are off by as much.',
    };
  },
};
