import { z } from 'zod';
import { connectionProfileSchema, profileKindSchema } from '#domain/connection-profile.ts';
import { accessSchema } from '#domain/people.ts';
import { lackingSchema } from './person-views.ts';

/** The way by which the engine is attached: a kept profile, the sandbox, or what the start command named. */
export const openProfileSchema = z.object({
  /** Null where it is not kept: the sandbox, and an address that the start command was given. */
  id: z.uuid().nullable(),
  name: z.string(),
  kind: z.enum([...profileKindSchema.options, 'sandbox', 'unnamed']),
});
export type OpenProfile = z.infer<typeof openProfileSchema>;

/** A kept profile as the window shows it. */
const profileRowSchema = z.object({
  profile: connectionProfileSchema,
  /** True where the operating system's key store keeps what it needs, for just these servers and this login. */
  hasKeptSecrets: z.boolean(),
});
export type ProfileRow = z.infer<typeof profileRowSchema>;

/** Every profile of this machine, and whether secrets can be kept here at all. */
export const profileListSchema = z.object({
  profiles: z.array(profileRowSchema).max(200),
  /** False where the system has no key store, or one that protects nothing; then secrets are asked for each time. */
  canKeepSecrets: z.boolean(),
  /** Why not, for people; null where they can be kept. */
  keepsNot: z.string().nullable(),
});
export type ProfileList = z.infer<typeof profileListSchema>;

/** What a profile leads to, as it was tried. */
export const profileTrialSchema = z.object({
  server: z.string(),
  topology: z.enum(['standalone', 'replica_set', 'sharded']),
  /** `user@database`, null where the server asks nobody to log in. */
  user: z.string().nullable(),
  /** What this login may do there, by permission, and of each request which privileges it lacks. */
  access: accessSchema,
  lacking: lackingSchema,
  missingIndexes: z.array(z.string()),
  tookMs: z.number().nonnegative(),
});
export type ProfileTrial = z.infer<typeof profileTrialSchema>;
