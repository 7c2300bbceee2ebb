import { z } from 'zod';
import { findingSchema } from '../finding.ts';

const inputSumSchema = z.object({
  counts: z.object({ jobs: z.int(), unreadableJobs: z.int(), accounts: z.int(), entries: z.int() }),
  lanes: z.array(z.number()).readonly(),
});

/** What the rules say of one block, as it is kept. */
const blockVerdictSchema = z.object({
  /** Of generations, jobs and entries that count in it; none of workspaces. */
  findings: z.array(findingSchema).readonly(),
  /** How many they are, also those that are not listed. */
  found: z.int().nonnegative(),
  inputs: inputSumSchema,
  /** What the entries of the block add up to by workspace: ids and sums in one order, which reads back faster than pairs. */
  sums: z.object({ ids: z.array(z.string()).readonly(), credits: z.array(z.number()).readonly() }),
  /** Jobs in workspaces without an account, as far as that rule asks. */
  lonely: z.array(z.object({ id: z.string(), workspaceId: z.string(), priceCredits: z.number() })).readonly(),
  /** By generation that a finding speaks of: the job that it belongs to. */
  owners: z.array(z.tuple([z.string(), z.string()])).readonly(),
});
export type BlockVerdict = z.infer<typeof blockVerdictSchema>;

/** What the rules say of all blocks, as it is kept: what later judgements go on from. */
export const blockVerdictsSchema = z.object({
  /** What the accounts are made of. */
  accountInputs: inputSumSchema,
  blocks: z.array(blockVerdictSchema).readonly(),
});
export type BlockVerdicts = z.infer<typeof blockVerdictsSchema>;
