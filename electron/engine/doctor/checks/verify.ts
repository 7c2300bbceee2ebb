import { openCacheReader } from '#cache/open-cache.ts';
import { counted } from '#domain/counted.ts';
import { explainError } from '#domain/errors.ts';
import { verifyCopy, type VerifyReport } from '#monitor/verify-copy.ts';
import { wait } from '../../wait.ts';
import { fine, skipped, type CheckResult, type DoctorCheck } from '../check.ts';

/** The most differences that are printed. */
const SHOWN_MAX = 20;
const TOLD_EVERY = 100_000;

/** Does the copy hold what the server holds? Reads both whole. */
export const verifyCheck: DoctorCheck = {
  name: 'verify',
  onlyWith: 'verify',
  run: async ({ store, copyFile, signal, say }) => {
    if (!store.ok) return skipped('no server to compare with');
    const open = openCacheReader(copyFile, Date.now);
    if (!open.ok) return skipped(explainError(open.error));
    let toldAt = 0;
    try {
      const report = await verifyCopy({
        changes: store.value.changes,
        reader: open.value.reader,
        wait,
        signal,
        onProgress: (documents) => {
          if (documents - toldAt < TOLD_EVERY) return;
          toldAt = documents;
          say(`${counted(documents, 'document')} compared`);
        },
      });
      return report.ok ? resultOf(report.value) : { level: 'error', says: explainError(report.error), todo: null };
    } finally {
      open.value.close();
    }
  },
};

function resultOf(report: VerifyReport): CheckResult {
  const compared = `${counted(report.documents, 'document')} compared in ${counted(report.ranges, 'range')}`;
  const behind = report.newer === 0 ? '' : `; ${report.newer} changed, and the copy has not come to them yet`;
  const untold =
    report.untoldTotal === 0
      ? ''
      : `; ${report.untoldTotal} ${report.untoldTotal === 1 ? 'is' : 'are'} not the same, and nothing tells whether they changed since the copy was last kept:${namesOf(report.untold)}`;
  if (report.differencesTotal > 0) {
    return {
      level: 'error',
      says: `${compared}, ${report.differencesTotal} ${report.differencesTotal === 1 ? 'differs' : 'differ'}:${namesOf(report.differences)}${behind}${untold}`,
      todo: report.isComplete
        ? 'Let Runledger catch up, then look again. What still differs is a fault: report it, and delete the copy to build it anew.'
        : 'The copy is not complete yet: let Runledger run until it is, then look again.',
    };
  }
  if (untold === '') return fine(`${compared}, nothing differs${behind}`);
  return {
    level: 'warning',
    says: `${compared}, nothing differs for certain${behind}${untold}`,
    todo: 'Let Runledger keep the copy for some minutes, then look again while it runs: then all of them can be told.',
  };
}

function namesOf(documents: VerifyReport['differences']): string {
  return documents
    .slice(0, SHOWN_MAX)
    .map(({ part, id, type }) => `\n  ${type} ${part} ${id}`)
    .join('');
}
