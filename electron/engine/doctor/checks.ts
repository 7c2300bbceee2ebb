import { appError, explainError } from '#domain/errors.ts';
import type { CheckResult, DoctorCheck, DoctorContext } from './check.ts';
import { clockCheck } from './checks/clock.ts';
import { copyCheck } from './checks/copy.ts';
import { diskCheck } from './checks/disk.ts';
import { documentsCheck } from './checks/documents.ts';
import { indexesCheck } from './checks/indexes.ts';
import { mappingCheck } from './checks/mapping.ts';
import { oplogCheck } from './checks/oplog.ts';
import { privilegesCheck } from './checks/privileges.ts';
import { runtimeCheck } from './checks/runtime.ts';
import { serverCheck } from './checks/server.ts';
import { verifyCheck } from './checks/verify.ts';

/** Every check, in the order in which they are run and printed. */
const CHECKS: readonly DoctorCheck[] = [
  runtimeCheck,
  serverCheck,
  privilegesCheck,
  indexesCheck,
  clockCheck,
  oplogCheck,
  documentsCheck,
  mappingCheck,
  copyCheck,
  diskCheck,
  verifyCheck,
];

/** What one check found. */
export interface CheckedPart extends CheckResult {
  readonly name: string;
}

/**
 * Runs every check, one after the other; one that was not begun when it is stopped counts as skipped.
 * @param flags checks that read everything run only where their flag is set
 * @param onChecked called with each as it is done
 */
export async function runChecks(
  context: DoctorContext,
  flags: { readonly verify: boolean },
  onChecked: (part: CheckedPart) => void,
): Promise<readonly CheckedPart[]> {
  const parts: CheckedPart[] = [];
  for (const check of CHECKS) {
    if (check.onlyWith !== undefined && !flags[check.onlyWith]) continue;
    const result = context.signal.aborted
      ? { level: 'skipped' as const, says: explainError(appError('cancelled')), todo: null }
      : await check.run(context);
    const part = { name: check.name, ...result };
    parts.push(part);
    onChecked(part);
  }
  return parts;
}
