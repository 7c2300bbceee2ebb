import type { Actor } from './ledger.ts';
import { classifyFailure } from './failure.ts';
import type { Job } from './job.ts';
import { planChange, type JobChange } from './transition.ts';

/** What MongoDB lets one document hold, in bytes (`maxBsonObjectSize`). */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

/** What a customer's prompt and options may come to where a job is ordered here, in bytes of BSON. */
export const INPUT_BYTES_MAX = 4 * 1024 * 1024;
/** What the whole document of a new job may come to, in bytes of BSON: room is left for {@link ATTEMPT_BYTES_MAX} of a hundred attempts. */
export const ORDERED_BYTES_MAX = 5 * 1024 * 1024;
/**
 * The most that an attempt adds to its job, in bytes of BSON, with its changes of state, its failure and its checks; every text that
 * goes into it is cut where it is planned.
 */
export const ATTEMPT_BYTES_MAX = 100 * 1024;
/** A job whose document is larger is not begun, in bytes of BSON: whatever an attempt comes to must still fit. */
export const BEGUN_BYTES_MAX = 15 * 1024 * 1024;

/** By whom a job is ended whose document is too large. */
const SIZE_RULE: Actor = { type: 'system', id: 'document-size' };

/**
 * The end of a job whose document has no room for what its attempts would add: failed as an input that cannot succeed as it is, and
 * what was reserved given back. Null where the job is at its end already.
 * @param bytes what its document comes to
 */
export function planTooLarge(job: Job, bytes: number): JobChange | null {
  const failure = classifyFailure({ source: 'size', bytes, bytesMax: BEGUN_BYTES_MAX });
  const change = planChange(
    job,
    { type: 'fail', failure, charge: 'release', providerCost: null, validation: null },
    { actor: SIZE_RULE, reason: 'its document is too large', policyVersion: null },
  );
  return change.ok ? change.value : null;
}
