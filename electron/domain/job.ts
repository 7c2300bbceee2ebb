import { z } from 'zod';
import { creditsSchema, microUsdSchema } from './credits.ts';
import { failureSchema } from './failure.ts';
import { actorSchema, pendingEntrySchema } from './ledger.ts';
import { finalCreditsOf, keptCreditsOf, pricingSchema, type PricedAttempt } from './pricing.ts';
import { purchasesOf } from './purchases.ts';
import { reasonOf } from './issue-words.ts';
import { safeParse } from './safe-parse.ts';

/** Where a job stands. A cancelled job is `failed` with class `cancelled`. The state machine says who may leave each state. */
export const jobStateSchema = z.enum(['queued', 'running', 'validating', 'completed', 'failed', 'retrying']);
export type JobState = z.infer<typeof jobStateSchema>;

/** What a document may hold of each, texts in characters; whoever writes one cuts to these. */
export const REASON_LENGTH_MAX = 500;
export const CHECKS_MAX = 200;
export const CHECK_NAME_LENGTH_MAX = 100;
export const CHECK_MESSAGE_LENGTH_MAX = 1000;
/** All names and messages of the checks of one validation together, in characters. */
export const CHECKS_LENGTH_MAX = 10_000;
export const PROGRESS_MESSAGE_LENGTH_MAX = 500;
export const ACCEPTANCE_ID_LENGTH_MAX = 500;

/**
 * Whether a document can hold a provider's name of a purchase so that it can be asked for again. Cut it would name another purchase or none, and
 * so would one with half of a character in it, which BSON's UTF-8 has no bytes for.
 */
export function isKeepable(acceptanceId: string): boolean {
  return acceptanceId.length <= ACCEPTANCE_ID_LENGTH_MAX && acceptanceId.isWellFormed();
}

const idSchema = z.string().min(1).max(200);

/**
 * A generation is one purchase: what is reserved once and captured at most once. Usable as a field name in MongoDB and in
 * JavaScript, hence the alphabet, and hence not `__proto__`, which would set an object's prototype instead of a field.
 */
export const generationIdSchema = z.string().regex(/^(?!__proto__$)[A-Za-z0-9_-]{1,100}$/);

/** What the customer asked for. `hash` is SHA-256 (hex) over the canonical encoding of prompt and options. */
export const jobInputSchema = z.object({
  prompt: z.string().max(1_000_000),
  options: z.record(z.string(), z.unknown()),
  hash: z.string().min(1).max(200),
});
export type JobInput = z.infer<typeof jobInputSchema>;

/** `acceptanceId` is the provider's own id of the running generation, stored the moment the provider has accepted. */
export const jobProviderSchema = z.object({
  name: idSchema,
  model: idSchema,
  acceptanceId: z.string().max(ACCEPTANCE_ID_LENGTH_MAX).nullable().default(null),
});

/** The right of one runner to write for a job until `expiresAt` on the server's clock. `token` grows by one with each claim. */
export const leaseSchema = z.object({
  runnerId: idSchema,
  token: z.int().positive(),
  expiresAt: z.date(),
  heartbeatAt: z.date(),
  /** Names the batch that the job was claimed with, so that a claim whose reply was lost can be read back. */
  claimId: z.string().max(200).optional(),
});
export type Lease = z.infer<typeof leaseSchema>;

export const progressSchema = z.object({
  fraction: z.number().min(0).max(1),
  message: z.string().max(PROGRESS_MESSAGE_LENGTH_MAX),
  at: z.date(),
});
export type Progress = z.infer<typeof progressSchema>;

/** One change of state. `seq` counts from 1 without a gap; `from` is null only where the job was created. */
export const historyEntrySchema = z.object({
  seq: z.int().positive(),
  from: jobStateSchema.nullable(),
  to: jobStateSchema,
  at: z.date(),
  attempt: z.int().nonnegative(),
  actor: actorSchema,
  reason: z.string().max(REASON_LENGTH_MAX),
  policyVersion: z.int().positive().nullable().default(null),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;

/** One check of an output by its name; an `error` that did not pass fails the validation, a `warning` does not. */
export const validationCheckSchema = z.object({
  name: z.string().min(1).max(CHECK_NAME_LENGTH_MAX),
  passed: z.boolean(),
  severity: z.enum(['error', 'warning']),
  message: z.string().max(CHECK_MESSAGE_LENGTH_MAX),
});
export type ValidationCheck = z.infer<typeof validationCheckSchema>;

export const validationSchema = z.object({
  passed: z.boolean(),
  checks: z.array(validationCheckSchema).max(CHECKS_MAX),
});
export type Validation = z.infer<typeof validationSchema>;

/** One try at a generation. `providerCost` in micro-USD is what the provider metered, null while or where it is not known. */
export const attemptSchema = z.object({
  n: z.int().positive(),
  generationId: generationIdSchema,
  startedAt: z.date(),
  endedAt: z.date().nullable(),
  runnerId: idSchema,
  provider: idSchema,
  model: idSchema,
  acceptanceId: z.string().max(ACCEPTANCE_ID_LENGTH_MAX).nullable(),
  providerCost: microUsdSchema.nullable(),
  failure: failureSchema.nullable().default(null),
  validation: validationSchema.nullable().default(null),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** What can be said of a job's charge from job, account and ledger together. `unknown` is what cannot be proved; it blocks a retry. */
export const chargeStatusSchema = z.enum(['not_charged', 'reserved', 'charged', 'refunded', 'unknown']);
export type ChargeStatus = z.infer<typeof chargeStatusSchema>;

/**
 * The money side of a job, in the smallest unit. `pending` are entries owed by changes already made. `blocked` marks a job
 * that waits for a top-up: its reservation was refused and nothing was written to the account.
 */
export const billingSchema = z.object({
  status: chargeStatusSchema,
  generationId: generationIdSchema,
  price: creditsSchema,
  reserved: creditsSchema,
  captured: creditsSchema,
  refunded: creditsSchema,
  pending: z.array(pendingEntrySchema).max(20),
  blocked: z.object({ neededCredits: creditsSchema, at: z.date() }).nullable().default(null),
  /**
   * The purchase of an earlier generation whose result this one collects: what the provider said when it accepted it, and the key
   * that it was bought under. Left out or null where this generation buys for itself.
   */
  collects: z
    .object({ acceptanceId: z.string().min(1).max(ACCEPTANCE_ID_LENGTH_MAX), key: z.string().min(1).max(255) })
    .nullable()
    .optional(),
  /** How the final price is found; left out where it is the price. */
  pricing: pricingSchema.optional(),
});
export type Billing = z.infer<typeof billingSchema>;

/** Where the artefact of a completed job is, and how to know that it is still the same one. */
export const outputSchema = z.object({
  uri: z.string().min(1).max(2000),
  mime: z.string().min(1).max(200),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Output = z.infer<typeof outputSchema>;

export const lineageSchema = z.object({ retryOf: idSchema.nullable(), editedFrom: idSchema.nullable() });

const jobBase = {
  // SQLite takes a text that begins so for an empty one, and refuses it as an id.
  _id: idSchema.refine((id) => !id.startsWith('\0'), 'begins with a NUL'),
  kind: z.string().min(1).max(100),
  workspaceId: idSchema,
  userId: idSchema,
  version: z.int().nonnegative(),
  attempt: z.int().nonnegative(),
  /** How many attempts one generation may take, without those that runners gave back; `attempt` counts all attempts of the job. */
  maxAttempts: z.int().positive().max(100),
  priority: z.int().default(0),
  /** Not to be claimed before this time. */
  notBefore: z.date(),
  createdAt: z.date(),
  updatedAt: z.date(),
  input: jobInputSchema,
  provider: jobProviderSchema,
  /** The token of the last lease, kept when the lease is gone so that tokens never fall. */
  leaseToken: z.int().nonnegative().default(0),
  progress: progressSchema.nullable().default(null),
  history: z.array(historyEntrySchema).default([]),
  attempts: z.array(attemptSchema).default([]),
  validation: validationSchema.nullable().default(null),
  billing: billingSchema,
  lineage: lineageSchema.nullable().default(null),
};

const noLease = z.null().default(null);
const noOutput = z.null().default(null);
const noFailure = z.null().default(null);

/**
 * A job as it stands in MongoDB, one shape for each state: only a running or validating job has a lease, only a completed
 * one an output, only a failed or retrying one a failure.
 */
export const jobSchema = z.discriminatedUnion('state', [
  z.object({ ...jobBase, state: z.literal('queued'), lease: noLease, output: noOutput, failure: noFailure }),
  z.object({ ...jobBase, state: z.literal('running'), lease: leaseSchema, output: noOutput, failure: noFailure }),
  z.object({ ...jobBase, state: z.literal('validating'), lease: leaseSchema, output: noOutput, failure: noFailure }),
  z.object({ ...jobBase, state: z.literal('completed'), lease: noLease, output: outputSchema, failure: noFailure }),
  z.object({ ...jobBase, state: z.literal('failed'), lease: noLease, output: noOutput, failure: failureSchema }),
  z.object({ ...jobBase, state: z.literal('retrying'), lease: noLease, output: noOutput, failure: failureSchema }),
]);
export type Job = z.infer<typeof jobSchema>;

/** A job whose lease is held by a runner. */
export type LeasedJob = Extract<Job, { state: 'running' | 'validating' }>;
/** A job that a runner may claim when it is due and its price is reserved. */
export type WaitingJob = Extract<Job, { state: 'queued' | 'retrying' }>;

/** True while a runner holds the job. */
export function isLeased(job: Job): job is LeasedJob {
  return job.state === 'running' || job.state === 'validating';
}

/**
 * What the job's generation costs in the end if its current attempt is completed at this cost; null is the whole reservation. An
 * attempt that collected what an earlier one had bought made no purchase of its own: both count once, by what was told of it last.
 *
 * @param acceptanceId of the purchase that the current attempt received, null where the provider gave none
 */
export function finalCreditsOfJob(job: Job, providerCost: number | null, acceptanceId: string | null): number | null {
  const { pricing } = job.billing;
  if (pricing === undefined) return null;
  const earlier = job.attempts.filter(({ n }) => n < job.attempt);
  return finalCreditsOf(pricing, [...pricedPurchases(job, earlier, acceptanceId), { isAccepted: true, providerCost }]);
}

/**
 * What is kept of the job's reservation if it fails now and its class keeps the charge; null is all of it.
 * @param current what is known of the attempt under way; nothing where there is none
 */
export function keptCreditsOfJob(job: Job, { acceptanceId, providerCost }: PurchaseTold): number | null {
  const { pricing } = job.billing;
  if (pricing === undefined) return null;
  const ended = job.attempts.filter(({ endedAt }) => endedAt !== null);
  const current = isLeased(job) ? [{ isAccepted: acceptanceId !== null, providerCost }] : [];
  return keptCreditsOf(pricing, [...pricedPurchases(job, ended, current.length > 0 ? acceptanceId : null), ...current]);
}

/** What is known of a purchase while its attempt is under way; cost in micro-USD. */
export type PurchaseTold = Pick<Attempt, 'acceptanceId' | 'providerCost'>;

/** What attempts of the job's generation bought, but for the purchase of that name. */
function pricedPurchases(
  { billing }: Job,
  attempts: readonly Attempt[],
  acceptanceId: string | null,
): readonly PricedAttempt[] {
  const others = attempts.filter(
    (attempt) =>
      attempt.generationId === billing.generationId &&
      (attempt.acceptanceId === null || attempt.acceptanceId !== acceptanceId),
  );
  return purchasesOf(others).map(({ boughtBy, costMicroUsd }) => ({
    isAccepted: boughtBy.acceptanceId !== null,
    providerCost: costMicroUsd,
  }));
}

/** The last history entry's `seq`, 0 where the job keeps no history yet. */
export function lastSeqOf(job: Pick<Job, 'history'>): number {
  return job.history.at(-1)?.seq ?? 0;
}

/** A document of the job collection that does not parse: shown with path and reason, never run, never in the way of the others. */
export interface MalformedJob {
  readonly id: string;
  readonly problems: readonly { readonly path: string; readonly reason: string }[];
}

const PROBLEMS_MAX = 20;

/**
 * Parses a document of the job collection.
 * @returns the job, or the paths and reasons (at most 20) why it is none
 */
export function parseJob(document: unknown): { ok: true; value: Job } | { ok: false; error: MalformedJob } {
  const parsed = safeParse(jobSchema, document);
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues
    .slice(0, PROBLEMS_MAX)
    .map((issue) => ({ path: issue.path.map(String).join('.') || '(document)', reason: reasonOf(issue) }));
  const hasId = typeof document === 'object' && document !== null && '_id' in document;
  return { ok: false, error: { id: hasId ? idTextOf(document._id) : '(no _id)', problems } };
}

/** An `_id` as the text that stands for it: a text itself, however long, and what tells of any other. */
export function idKeyOf(id: unknown): string {
  return typeof id === 'string' ? id : idTextOf(id);
}

/**
 * An `_id` of any type as text for people, at most 200 characters. Total: a document as an id may hold fields called
 * `toString` and `valueOf`, and then even turning it into text throws.
 */
export function idTextOf(id: unknown): string {
  if (typeof id !== 'object' || id === null) return String(id).slice(0, 200);
  try {
    const text = JSON.stringify(id) ?? '';
    // BSON's own ids (ObjectId, UUID) are written as a quoted text.
    return (/^"[^"\\]*"$/.test(text) ? text.slice(1, -1) : text).slice(0, 200);
  } catch {
    // A big integer or a cycle inside; such an id has no text, and that is all there is to say of it.
    return '(unreadable _id)';
  }
}
