import { statfs } from 'node:fs/promises';
import { fine, skipped, type DoctorCheck } from '../check.ts';

const MEGABYTE = 1024 * 1024;
/** Below this the offline copy of a large deployment does not fit, in megabytes. */
const WARN_MB = 2048;
/** Below this nothing can be recorded soon, in megabytes. */
const ERROR_MB = 200;

/** Is there room for the offline copy, the audit and the logs? */
export const diskCheck: DoctorCheck = {
  name: 'disk',
  run: async ({ dataDir }) => {
    let freeMb: number;
    try {
      const { bavail, bsize } = await statfs(dataDir);
      freeMb = Math.floor((bavail * bsize) / MEGABYTE);
    } catch (cause) {
      return skipped(`the data folder is not there yet (${cause instanceof Error ? cause.message : String(cause)})`);
    }
    const says = `${freeMb.toLocaleString('en')} MB free where the data stand`;
    if (freeMb >= WARN_MB) return fine(says);
    const todo = 'Free some space, or move the data with --data-dir; what cannot be recorded is not done.';
    return { level: freeMb < ERROR_MB ? 'error' : 'warning', says, todo };
  },
};
