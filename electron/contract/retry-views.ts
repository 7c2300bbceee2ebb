import { z } from 'zod';
import { creditsSchema } from '#domain/credits.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { chargeStatusSchema, REASON_LENGTH_MAX } from '#domain/job.ts';

/** What the engine says of a retry before anything is written; the fields are those of the domain's `RetryPreview`. */
const knownSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('exact'), value: z.int() }),
  z.object({ type: z.literal('estimated'), value: z.int(), basis: z.string() }),
  z.object({ type: z.literal('unknown'), basis: z.string() }),
]);
export type KnownView = z.infer<typeof knownSchema>;

const verdictSchema = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.literal('retry'), why: z.string(), policyVersion: z.int() }),
  z.object({ verdict: z.literal('edit_input'), why: z.string(), policyVersion: z.int() }),
  z.object({ verdict: z.literal('needs_reason'), why: z.string(), policyVersion: z.int() }),
  z.object({
    verdict: z.literal('collect_first'),
    acceptanceId: z.string(),
    why: z.string(),
    policyVersion: z.int(),
  }),
  z.object({ verdict: z.literal('refund_first'), why: z.string(), policyVersion: z.int() }),
  z.object({ verdict: z.literal('blocked'), cause: z.string(), why: z.string(), policyVersion: z.int() }),
]);

const warningSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('already_charged'), credits: creditsSchema }),
  z.object({ type: z.literal('insufficient_credit'), missingCredits: creditsSchema }),
  z.object({ type: z.literal('provider_accepted'), acceptanceId: z.string() }),
  z.object({ type: z.literal('same_input_under_way'), jobIds: z.array(z.string()) }),
]);
export type RetryWarningView = z.infer<typeof warningSchema>;

export const retryPreviewSchema = z.object({
  jobId: z.string(),
  version: z.int().nonnegative(),
  verdict: verdictSchema,
  failureClass: failureClassSchema.nullable(),
  chargeStatus: chargeStatusSchema,
  evidence: z.array(z.string()),
  price: knownSchema,
  providerCost: knownSchema,
  balance: z.object({ beforeCredits: z.int(), afterCredits: z.int() }),
  experience: z.object({ retried: z.int(), succeeded: z.int(), windowMs: z.number() }),
  warnings: z.array(warningSchema),
});
export type RetryPreviewView = z.infer<typeof retryPreviewSchema>;

export const cancelPreviewSchema = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('cancel'),
    version: z.int().nonnegative(),
    generationId: z.string(),
    releasedCredits: creditsSchema,
    keptCredits: creditsSchema,
  }),
  z.object({ verdict: z.literal('blocked'), version: z.int().nonnegative(), why: z.string() }),
]);

/** An edited input: the prompt, and the options as the JSON text that the person wrote. */
export const editedInputSchema = z.object({
  prompt: z.string().min(1).max(1_000_000),
  optionsJson: z.string().max(1_000_000),
});
export type EditedInput = z.infer<typeof editedInputSchema>;

/** Made once by the window for each wish of a person: sending it twice does what sending it once does. */
export const requestIdSchema = z.string().regex(/^[0-9a-f-]{36}$/);

export const reasonSchema = z.string().max(REASON_LENGTH_MAX);
