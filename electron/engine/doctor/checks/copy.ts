import { statSync } from 'node:fs';
import { openCacheReader } from '#cache/open-cache.ts';
import { readUpgradeNote, remainingMsOf } from '#cache/upgrade-note.ts';
import { counted, formatCount } from '#domain/counted.ts';
import { explainError } from '#domain/errors.ts';
import { fine, skipped, type CheckResult, type DoctorCheck } from '../check.ts';

const MEGABYTE = 1024 * 1024;
/** An upgrade that has said nothing for so long is not under way any more, in milliseconds: one of its steps may take a while. */
const SILENT_MS_MAX = 60_000;

/** Is there an offline copy, is it whole, and of when? */
export const copyCheck: DoctorCheck = {
  name: 'copy',
  run: ({ copyFile, metInCopy, nowMs }) => {
    const open = openCacheReader(copyFile, Date.now);
    if (!open.ok && open.error.code === 'not_found') {
      return Promise.resolve(skipped('there is no offline copy of this database yet; the window makes it'));
    }
    if (!open.ok && open.error.code === 'copy_upgrading') return Promise.resolve(upgradeOf(copyFile, nowMs()));
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

/** A copy that an older version wrote, and how far it is brought to this one. */
function upgradeOf(copyFile: string, nowMs: number): CheckResult {
  const note = readUpgradeNote(copyFile);
  if (note === null || nowMs - note.saidAtMs > SILENT_MS_MAX) {
    return {
      level: 'warning',
      says: 'an older version wrote the offline copy',
      todo: 'Start Runledger: it brings the copy to the form of this version, and says how far it is.',
    };
  }
  const remainingMs = remainingMsOf(note);
  const left = remainingMs === null ? '' : `, about ${Math.ceil(remainingMs / 1000)} s left`;
  return {
    level: 'warning',
    says: `an older version wrote the offline copy; it is being brought to the form of this one: ${formatCount(note.jobsDone)} of ${counted(note.jobsTotal, 'job')}${left}`,
    todo: 'Wait until it is done; what does not read the copy works meanwhile. Ended in the middle, it begins anew with the next start.',
  };
}
