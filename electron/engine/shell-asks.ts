import { z } from 'zod';
import { profileListSchema } from '#contract/profile-views.ts';
import { wireErrorSchema } from '#contract/status.ts';
import { connectionProfileSchema, profileSecretsSchema } from '#domain/connection-profile.ts';

/**
 * What the engine asks of the desktop around it: profiles and their secrets stand with main, because only main reaches the
 * operating system's key store, and only main can ask where a file is to be kept. Of each, what is sent and what comes back.
 */
export const SHELL_ASKS = {
  'profiles.list': { params: z.object({}), value: profileListSchema },
  'profiles.save': {
    params: z.object({
      profile: connectionProfileSchema,
      secrets: profileSecretsSchema.nullable(),
      keepSecrets: z.boolean(),
    }),
    value: profileListSchema,
  },
  'profiles.remove': { params: z.object({ id: z.uuid() }), value: profileListSchema },
  /** The secrets kept for just this profile, null where there are none for it. */
  'profiles.secrets': { params: connectionProfileSchema, value: profileSecretsSchema.nullable() },
  /** Starts the engine anew on another profile, as soon as this was answered. */
  'profiles.switch': {
    params: z.object({ id: z.uuid().nullable(), secrets: profileSecretsSchema.nullable() }),
    value: z.object({}),
  },
  /** Asks the person where a file of the folder of exports is to be kept besides; null where they changed their mind. */
  'exports.saveAs': {
    params: z.object({ file: z.string().min(1).max(255) }),
    value: z.object({ path: z.string().nullable() }),
  },
  /** Shows a file of the folder of exports in the system's file manager. */
  'exports.show': { params: z.object({ file: z.string().min(1).max(255) }), value: z.object({}) },
  /**
   * Opens the page of an identity provider in the system's browser, once the person has agreed to its host. Errors:
   * `sign_in_blocked`, `sign_in_cancelled`.
   */
  'signIn.open': {
    params: z.object({ url: z.url().max(8000), server: z.string().min(1).max(2000) }),
    value: z.object({}),
  },
  /** The last lines of the log of everything, oldest first, redacted. */
  'log.tail': { params: z.object({}), value: z.object({ lines: z.array(z.string()).max(1000) }) },
} as const satisfies Record<string, { readonly params: z.ZodType; readonly value: z.ZodType }>;

export type ShellAskName = keyof typeof SHELL_ASKS;
export type ShellParams<Name extends ShellAskName> = z.input<(typeof SHELL_ASKS)[Name]['params']>;
export type ShellValue<Name extends ShellAskName> = z.output<(typeof SHELL_ASKS)[Name]['value']>;

export const shellAskNameSchema = z.enum(Object.keys(SHELL_ASKS) as [ShellAskName, ...ShellAskName[]]);

/** The desktop's answer to one ask; the value is parsed by the schema of what was asked. */
export const shellAnswerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);
export type ShellAnswer = z.infer<typeof shellAnswerSchema>;
