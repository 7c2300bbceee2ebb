import { z } from 'zod';
import { creditsSchema } from './credits.ts';

/** What a ledger entry does. `adjust` alone may be negative; every other type carries a positive amount. */
export const entryTypeSchema = z.enum(['grant', 'reserve', 'capture', 'release', 'refund', 'adjust']);
export type EntryType = z.infer<typeof entryTypeSchema>;

/** Who did something: a person, a runner, the product that made the job, or a rule of this program. */
export const actorSchema = z.object({
  type: z.enum(['user', 'runner', 'product', 'system']),
  id: z.string().min(1).max(200),
});
export type Actor = z.infer<typeof actorSchema>;

/** The accounting month of a date in UTC, for example `2026-10`. */
export const periodSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

/** A key that can stand as a field name in MongoDB and in JavaScript. */
const entryKeySchema = z.string().regex(/^(?!__proto__$)[^.$\0]{1,300}$/);

/** One entry of the ledger, append-only. `_id` is its idempotency key: `<generationId>:<type>:<n>`. Credits in the smallest unit. */
export const ledgerEntrySchema = z.object({
  _id: entryKeySchema,
  workspaceId: z.string().min(1).max(200),
  jobId: z.string().min(1).max(200).nullable(),
  generationId: z.string().min(1).max(200).nullable(),
  attempt: z.int().nonnegative().nullable(),
  type: entryTypeSchema,
  credits: z.int(),
  at: z.date(),
  actor: actorSchema,
  reason: z.string().max(500),
  period: periodSchema,
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

/** An entry that a state change owes and that may not stand in the ledger yet; it stands in the job until it does. */
export const pendingEntrySchema = z.object({
  key: entryKeySchema,
  type: z.enum(['reserve', 'capture', 'release', 'refund']),
  credits: creditsSchema,
  attempt: z.int().nonnegative(),
  at: z.date(),
  actor: actorSchema,
  reason: z.string().max(500),
});
export type PendingEntry = z.infer<typeof pendingEntrySchema>;

/**
 * A workspace's credit account. `holds` are reservations by generation. `posting` are entries that have been applied to these
 * figures and may not stand in the ledger yet: written in the same update as the figures, they make a re-driven posting
 * free of effect whatever its type.
 */
export const creditAccountSchema = z.object({
  _id: z.string().min(1).max(200),
  available: z.int(),
  held: creditsSchema,
  holds: z.record(z.string(), z.object({ credits: creditsSchema, at: z.date() })),
  posting: z.record(z.string(), ledgerEntrySchema).default({}),
  version: z.int().nonnegative(),
});
export type CreditAccount = z.infer<typeof creditAccountSchema>;

/** The idempotency key of the n-th entry of a type for a generation; n counts from 1. */
export function entryKey(generationId: string, type: EntryType, n: number): string {
  return `${generationId}:${type}:${n}`;
}

/** The accounting month of a time, in UTC. */
export function periodOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** What an entry adds to `available + held` of its account; reserve and release move credits within the account and add 0. */
export function netCreditsOf(entry: Pick<LedgerEntry, 'type' | 'credits'>): number {
  switch (entry.type) {
    case 'grant':
    case 'refund':
    case 'adjust':
      return entry.credits;
    case 'capture':
      return -entry.credits;
    case 'reserve':
    case 'release':
      return 0;
  }
}

/** The full ledger entry that a job's pending entry stands for. */
export function entryFromPending(
  pending: PendingEntry,
  job: { readonly _id: string; readonly workspaceId: string; readonly generationId: string },
): LedgerEntry {
  return {
    _id: pending.key,
    workspaceId: job.workspaceId,
    jobId: job._id,
    generationId: job.generationId,
    attempt: pending.attempt,
    type: pending.type,
    credits: pending.credits,
    at: pending.at,
    actor: pending.actor,
    reason: pending.reason,
    period: periodOf(pending.at),
  };
}
