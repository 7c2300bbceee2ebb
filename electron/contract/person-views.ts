import { z } from 'zod';
import { accessSchema, PERSON_ID_MAX, roleSchema } from '#domain/people.ts';

/** A person's name as it crosses the port. */
export const personIdSchema = z.string().trim().min(1).max(PERSON_ID_MAX);

/** Of each request that the server's privileges do not cover, which are missing: `update on jobs`. */
export const lackingSchema = z.record(z.string(), z.array(z.string()));

/** Who sits at this window, and what they may do here and now. */
export const personStatusSchema = z.object({
  id: z.string(),
  /** True where the server said who it is; false where it is only the name that the system or the start command gave. */
  isVerified: z.boolean(),
  role: roleSchema,
  access: accessSchema,
  lacking: lackingSchema,
});
export type PersonStatus = z.infer<typeof personStatusSchema>;

/** Somebody with a role. */
export const personRowSchema = z.object({
  id: z.string(),
  role: roleSchema,
  sinceMs: z.int(),
  by: z.string(),
});
export type PersonRow = z.infer<typeof personRowSchema>;
