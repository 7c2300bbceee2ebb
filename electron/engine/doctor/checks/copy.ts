import { statSync } from 'node:fs';
import { openCacheReader } from '#cache/open-cache.ts';
import { counted } from '#domain/counted.ts';
import { explainError } from '#domain/errors.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

const MEGABYTE = 1024 * 1024;

/** Is there an offline copy, is it whole, and of when? */
export const copyCheck: DoctorCheck = {
  name: 'copy',
  run: ({ copyFile, metInCopy }) => {
    const open = openCacheReader(copyFile, Date.now);
    if (!open.ok && open.error.code === 'not_found') {
      return Promise.resolve(skipped('there is no offline copy of this database yet; the window makes it'));
    }
    if (!open.ok) {
      const todo = 'Start Runledger: it sets the file aside and builds it anew.';
      return Promise.resolve({ level: 'error', says: explainError(open.error), todo });
    }
    try {
      const standing = open.value.reader.standing();
      const counts = open.value.reader.documentCounts();
      if (!standing.ok || !counts.ok) {
        const error = standing.ok ? counts : standing;
        const says = error.ok ? '' : explainError(error.error);
        if (!error.ok) metInCopy?.(error.error);
        const todo = metInCopy === undefined ? 'Start Runledger: it sets aside what it finds damaged.' : null;
        return Promise.resolve({ level: 'error', says, todo });
      }
      const { asOfMs, isComplete } = standing.value;
      const { jobs, ledger, accounts } = counts.value;
      const size = `${Math.ceil(statSync(copyFile).size / MEGABYTE)} MB`;
      const holds = `${counted(jobs, 'job')}, ${counted(ledger, 'ledger entry', 'ledger entries')}, ${counted(accounts, 'account')}, ${size}`;
      if (isComplete) {
        return Promise.resolve(
          fine(`${holds}, as of ${asOfMs === null ? 'no known time' : new Date(asOfMs).toISOString()}`),
        );
      }
      const todo = 'Leave Runledger running until everything is copied; it goes on where it stopped.';
      return Promise.resolve({ level: 'warning', says: `${holds}, not complete yet`, todo });
    } finally {
      open.value.close();
    }
  },
};
