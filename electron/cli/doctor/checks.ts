import type { DoctorCheck } from './check.ts';
import { clockCheck } from './checks/clock.ts';
import { copyCheck } from './checks/copy.ts';
import { indexesCheck } from './checks/indexes.ts';
import { serverCheck } from './checks/server.ts';
import { verifyCheck } from './checks/verify.ts';

/** Every check, in the order in which they are run and printed. */
export const CHECKS: readonly DoctorCheck[] = [serverCheck, clockCheck, indexesCheck, copyCheck, verifyCheck];
