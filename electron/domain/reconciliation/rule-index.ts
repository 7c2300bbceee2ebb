// Generated from the folder `rules` before any program starts: a new rule is a file there and nothing else.
import { capturedWithoutCompletion } from './rules/01-captured-without-completion.ts';
import { completedWithoutCapture } from './rules/02-completed-without-capture.ts';
import { capturedTwice } from './rules/03-captured-twice.ts';
import { capturedAbovePrice } from './rules/04-captured-above-price.ts';
import { refundedWithoutCapture } from './rules/05-refunded-without-capture.ts';
import { refundedTwice } from './rules/06-refunded-twice.ts';
import { refundOwed } from './rules/07-refund-owed.ts';
import { holdOutlivesLease } from './rules/08-hold-outlives-lease.ts';
import { holdWithoutJob } from './rules/09-hold-without-job.ts';
import { entryWithoutJob } from './rules/10-entry-without-job.ts';
import { jobWithoutAccount } from './rules/11-job-without-account.ts';
import { keyOfOtherGeneration } from './rules/12-key-of-other-generation.ts';
import { pendingOverdue } from './rules/13-pending-overdue.ts';
import { accountDiffers } from './rules/14-account-differs.ts';
import { negativeAvailability } from './rules/15-negative-availability.ts';
import { entryInClosedPeriod } from './rules/16-entry-in-closed-period.ts';
import { entryChanged } from './rules/17-entry-changed.ts';
import { costWithoutCharge } from './rules/18-cost-without-charge.ts';
import { priceDiffers } from './rules/19-price-differs.ts';
import type { Rule } from './rule.ts';

/** The rules of the folder, by their number. */
export const RULE_INDEX: readonly Rule[] = [
  capturedWithoutCompletion,
  completedWithoutCapture,
  capturedTwice,
  capturedAbovePrice,
  refundedWithoutCapture,
  refundedTwice,
  refundOwed,
  holdOutlivesLease,
  holdWithoutJob,
  entryWithoutJob,
  jobWithoutAccount,
  keyOfOtherGeneration,
  pendingOverdue,
  accountDiffers,
  negativeAvailability,
  entryInClosedPeriod,
  entryChanged,
  costWithoutCharge,
  priceDiffers,
];
