import { z } from 'zod';
import { jobStateSchema } from '#domain/job.ts';
import { ledgerViewSchema } from './job-views.ts';

/** Whose jobs a page is about. */
export const ownerSchema = z.enum(['workspace', 'user']);
export type OwnerKind = z.infer<typeof ownerSchema>;

/** All jobs of a workspace or a user, summed up. Credits in the smallest unit. */
export const ownerViewSchema = z
  .object({
    jobs: z.int().nonnegative(),
    byState: z.record(jobStateSchema, z.int().nonnegative()),
    /** Of the failed ones. */
    cancelled: z.int().nonnegative(),
    attempts: z.int().nonnegative(),
    /** Captured less refunded: what was spent. */
    spentCredits: z.int(),
    /** The price of failed jobs, less what was kept of it. */
    lostCredits: z.int(),
    costMicroUsd: z.number(),
    /** Jobs that cost more at the provider than is known. */
    unknownCosts: z.int().nonnegative(),
    /** The workspace's account; null for a user, and where the copy has none. */
    account: z.object({ availableCredits: z.int(), heldCredits: z.int() }).nullable(),
    /** The workspaces of the user's newest jobs; empty for a workspace. */
    workspaceIds: z.array(z.string()).readonly(),
  })
  .readonly();
export type OwnerView = z.infer<typeof ownerViewSchema>;

/** Whose ids begin with what was asked for. */
export const foundOwnersSchema = z
  .object({ workspaceIds: z.array(z.string()).readonly(), userIds: z.array(z.string()).readonly() })
  .readonly();
export type FoundOwners = z.infer<typeof foundOwnersSchema>;

/** An entry of the ledger beside the job that it is about; null where it is about none. */
export const ownerEntrySchema = ledgerViewSchema.omit({ isPending: true }).extend({ jobId: z.string().nullable() });
export type OwnerEntry = z.infer<typeof ownerEntrySchema>;
