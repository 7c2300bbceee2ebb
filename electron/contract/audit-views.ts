import { z } from 'zod';
import { auditEntrySchema } from '#domain/audit.ts';

/** Which entries of the audit a window wants; null stands for any. */
export const auditFilterSchema = z.object({
  actorId: z.string().max(200).nullable(),
  action: z.string().max(100).nullable(),
  subject: z.string().max(300).nullable(),
});

/** An entry as it is shown; one that is none (somebody changed it) comes with its id alone. */
export const auditRowSchema = z.object({ id: z.string(), entry: auditEntrySchema.nullable() });
export type AuditRow = z.infer<typeof auditRowSchema>;

/** What a check of the audit found. */
export const auditVerdictSchema = z.object({
  /** True where all chains on the server were checked, false where only this machine's own could be. */
  isWhole: z.boolean(),
  entries: z.int().nonnegative(),
  chains: z.int().nonnegative(),
  /** How many faults in all, of which the first are named. */
  faultCount: z.int().nonnegative(),
  faults: z
    .array(
      z.object({
        chainId: z.string(),
        seq: z.int().nonnegative(),
        reason: z.enum(['changed', 'missing', 'twice', 'cut_off', 'malformed']),
      }),
    )
    .max(200),
});
export type AuditVerdictView = z.infer<typeof auditVerdictSchema>;
