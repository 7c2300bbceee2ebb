import { z } from 'zod';
import {
  findingFilterSchema,
  findingsLayoutSchema,
  reconciliationProgressSchema,
  reconciliationScopeSchema,
} from '#contract/reconciliation-views.ts';
import { jobMappingSchema } from '#domain/mapping/job-mapping.ts';
import { actorSchema } from '#domain/ledger.ts';
import { redactionRuleSchema } from '#domain/redaction/redaction-rule.ts';
import { signInQuestionSchema, signInTokensSchema } from '#store/sign-in.ts';
import { wireErrorSchema } from '#contract/status.ts';

/** What the thread of a desk is started with. Holds the connection string: never logged. */
export const deskSettingsSchema = z.object({
  copyFile: z.string(),
  folder: z.string(),
  exportFolder: z.string(),
  uri: z.string(),
  dbName: z.string().nullable(),
  isReadOnly: z.boolean(),
  mapping: jobMappingSchema.nullable(),
  limits: z.object({
    mendAloneCreditsMax: z.int().nonnegative(),
    periodOpenCreditsMax: z.int().nonnegative(),
  }),
  /** Who may ask for a sign-in where people sign in in the browser; null where they do not. */
  signIn: z.object({ allowedHosts: z.array(z.string()).readonly().nullable() }).nullable(),
});
export type DeskSettings = z.infer<typeof deskSettingsSchema>;

/** The redaction rules that hold for whoever asks; they go with the question, because the thread knows nobody. */
const hiddenSchema = z.array(redactionRuleSchema).readonly();

/** What a desk can be asked. */
const deskQuestionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('latest') }),
  z.object({ type: z.literal('runs') }),
  z.object({ type: z.literal('repeat'), runId: z.string() }),
  z.object({ type: z.literal('run'), scope: reconciliationScopeSchema }),
  z.object({
    type: z.literal('findings'),
    runId: z.string(),
    filter: findingFilterSchema,
    layout: findingsLayoutSchema,
    cursor: z.string().nullable(),
    limit: z.int().positive(),
  }),
  z.object({ type: z.literal('finding'), runId: z.string(), findingId: z.string() }),
  /** A request of the contract about mends, findings, months or invoices; its parameters are parsed by its own schema. */
  z.object({
    type: z.literal('request'),
    name: z.string(),
    params: z.unknown(),
    actor: actorSchema,
    hidden: hiddenSchema,
  }),
  z.object({
    type: z.literal('export'),
    runId: z.string(),
    filter: findingFilterSchema,
    layout: findingsLayoutSchema,
    hidden: hiddenSchema,
  }),
]);
export type DeskQuestion = z.infer<typeof deskQuestionSchema>;

const signInAnswerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: signInTokensSchema }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

export const toDeskSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ask'), id: z.int(), question: deskQuestionSchema }),
  /** Stops the run under way. */
  z.object({ type: z.literal('cancel') }),
  z.object({ type: z.literal('stop') }),
  /** Answers what the thread asked of who sits here. */
  z.object({ type: z.literal('signedIn'), id: z.int(), answer: signInAnswerSchema }),
]);
export type ToDesk = z.infer<typeof toDeskSchema>;

export const fromDeskSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('answer'), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failure'), id: z.int(), error: wireErrorSchema }),
  z.object({ type: z.literal('progress'), progress: reconciliationProgressSchema }),
  /** Asks for a sign-in, which all threads and clients share. */
  z.object({ type: z.literal('signIn'), id: z.int(), question: signInQuestionSchema }),
]);
export type FromDesk = z.infer<typeof fromDeskSchema>;
