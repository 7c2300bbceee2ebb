import { z } from 'zod';
import { actorSchema } from '#domain/ledger.ts';
import { redactionDraftSchema } from '#domain/redaction/redaction-rule.ts';
import { timeMsSchema } from './status.ts';

/** A version of the redaction rules as a window sees it; version 0, without rules, is what holds before anybody wrote one. */
export const redactionVersionViewSchema = redactionDraftSchema.extend({
  version: z.int().nonnegative(),
  written: z.object({ reason: z.string(), by: actorSchema, atMs: timeMsSchema }).nullable(),
});
export type RedactionVersionView = z.infer<typeof redactionVersionViewSchema>;

/** The most jobs that rules are tried against. */
export const TRIED_JOBS_MAX = 1000;

/** What rules would hide in the newest jobs of the copy. */
export const redactionTrialSchema = z.object({
  jobs: z.int().nonnegative(),
  rules: z.array(
    z.object({
      ruleId: z.string(),
      /** Texts and stretches of texts that it hides, and in how many of the jobs. */
      matches: z.int().nonnegative(),
      jobs: z.int().nonnegative(),
    }),
  ),
});
export type RedactionTrialView = z.infer<typeof redactionTrialSchema>;
