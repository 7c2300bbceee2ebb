import { z } from 'zod';
import { enteredProfileSchema, profileSecretsSchema } from '#domain/connection-profile.ts';
import { jobMappingSchema, mappedCollectionsSchema } from '#domain/mapping/job-mapping.ts';
import { mappingLookSchema } from '../mapping-views.ts';
import { profileListSchema, profileTrialSchema } from '../profile-views.ts';
import type { RequestTable } from './definition.ts';

const idSchema = z.uuid();

/**
 * The ways to deployments that this machine keeps. Everybody may keep their own: what they may do at the other end is said there.
 * `not_found` where the engine runs without a desktop around it.
 */
export const PROFILE_REQUESTS = {
  'profiles.list': { params: z.object({}), result: profileListSchema, permission: 'view', writes: false },
  /**
   * Keeps a profile; one with the same id is replaced. Secrets that are null stay as they were, as long as servers, login and
   * encryption do; otherwise they are forgotten.
   */
  'profiles.save': {
    params: z.object({
      profile: enteredProfileSchema,
      secrets: profileSecretsSchema.nullable(),
      /** False forgets what is kept. */
      keepSecrets: z.boolean(),
    }),
    result: profileListSchema,
    permission: 'view',
    writes: false,
    audit: 'act',
  },
  'profiles.remove': {
    params: z.object({ id: idSchema }),
    result: profileListSchema,
    permission: 'view',
    writes: false,
    audit: 'act',
  },
  /**
   * Connects once, reads who one is there and what one may do, and closes again; writes nothing. Errors: `secret_needed`, those of
   * connecting.
   */
  'profiles.test': {
    params: z.object({ profile: enteredProfileSchema, secrets: profileSecretsSchema.nullable() }),
    result: profileTrialSchema,
    permission: 'view',
    writes: false,
    audit: 'act',
  },
  /**
   * Connects once and samples the collections of jobs, accounts and ledger: what a mapping makes of their documents, or, where none
   * is given, one that is proposed. What customers wrote is withheld. Writes nothing. Errors: as for `profiles.test`.
   */
  'profiles.map': {
    params: z.object({
      profile: enteredProfileSchema,
      secrets: profileSecretsSchema.nullable(),
      mapping: jobMappingSchema.nullable(),
      /** The collections to propose for; null chooses them too. */
      collections: mappedCollectionsSchema.nullable(),
    }),
    result: mappingLookSchema,
    permission: 'view',
    writes: false,
    audit: 'act',
  },
  /**
   * For whoever signs in in the browser: `begin` lets the connection that is open ask for it again, `open` opens the page once more,
   * `cancel` waits no longer. Errors of `open`: `not_found` where nobody is waited for, those of opening.
   */
  'profiles.signIn': {
    params: z.object({ act: z.enum(['begin', 'open', 'cancel']) }),
    result: z.object({}),
    permission: 'view',
    writes: false,
    audit: 'act',
  },
  /**
   * Leaves this deployment and attaches to another; null is the sandbox. The engine starts anew, and every window with it.
   * Error: `secret_needed` where a secret is neither kept nor given.
   */
  'profiles.switch': {
    params: z.object({ id: idSchema.nullable(), secrets: profileSecretsSchema.nullable() }),
    result: z.object({}),
    permission: 'view',
    writes: false,
    audit: 'act',
  },
} as const satisfies RequestTable;
