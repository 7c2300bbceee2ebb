import { z } from 'zod';
import { wireErrorSchema } from '#contract/status.ts';
import { connectionProfileSchema, profileSecretsSchema } from '#domain/connection-profile.ts';
import { jobMappingSchema } from '#domain/mapping/job-mapping.ts';
import { NO_PROVIDERS, providerSourcesSchema } from './provider-settings.ts';
import { PERSON_ID_MAX } from '#domain/people.ts';
import { shellAnswerSchema, shellAskNameSchema } from './shell-asks.ts';

/** How an engine is set up. Paths are absolute; `mongodbUri` may hold a password and is never logged. */
export const engineConfigSchema = z.object({
  /** The version of the application, for the window and for `runner_nodes`. */
  version: z.string().min(1).max(50),
  /** Where the offline copy, artefacts and, without a URI, the sandbox's data live. */
  dataDir: z.string().min(1),
  /** Null starts the sandbox server with demo data in `dataDir`. */
  mongodbUri: z.string().nullable(),
  /** A kept way to a deployment; then it stands for `mongodbUri` and `dbName`. */
  profile: connectionProfileSchema.nullable().default(null),
  /** What is secret of the profile's login; never logged. Null where it must be typed first. */
  secrets: profileSecretsSchema.nullable().default(null),
  /** Null takes the database that the URI names, or `runledger`. */
  dbName: z.string().min(1).max(63).nullable(),
  /** How the documents there stand for jobs; null where they are jobs already. */
  mapping: jobMappingSchema.nullable().default(null),
  /** True where nothing may be written over this connection; then no runner runs here either. */
  isReadOnly: z.boolean().default(false),
  /** What to call who sits here where the server asks nobody to log in; null takes the system's name for them. */
  personName: z.string().trim().min(1).max(PERSON_ID_MAX).nullable().default(null),
  /** Who may ask for a sign-in where no profile says it; null for the driver's own list. */
  signInHosts: z.array(z.string().max(253)).max(20).readonly().nullable().default(null),
  /** False where an engine took the place of one that died: nobody has just asked for a page in their browser. */
  opensSignIn: z.boolean().default(true),
  withRunner: z.boolean(),
  concurrency: z.int().min(1).max(1000),
  /** With the sandbox: fill an empty database with demo data and let new jobs arrive. */
  isDemo: z.boolean(),
  /** Where this machine's providers come from; with the sandbox the demo's is there besides. */
  providers: providerSourcesSchema.default(NO_PROVIDERS),
  /** At which amounts finance takes a second look; left out, those of the domain. */
  financeLimits: z
    .object({ mendAloneCreditsMax: z.int().nonnegative(), periodOpenCreditsMax: z.int().nonnegative() })
    .optional(),
});
export type EngineConfig = z.infer<typeof engineConfigSchema>;

/** What the starting process may tell the engine. */
export const parentMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), config: engineConfigSchema }),
  /** Comes with one port: a window's. */
  z.object({ type: z.literal('connect') }),
  z.object({ type: z.literal('stop') }),
  /** Answers what the engine asked of the desktop. */
  z.object({ type: z.literal('answer'), id: z.int(), answer: shellAnswerSchema }),
]);

/** Which artefacts may be served to windows. */
const previewsAllowedSchema = z.enum(['all', 'media', 'none']);
export type PreviewsAllowed = z.infer<typeof previewsAllowedSchema>;

/** What the engine tells the process that started it. */
export const engineMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('fatal'), error: wireErrorSchema }),
  z.object({ type: z.literal('stopped') }),
  z.object({ type: z.literal('ask'), id: z.int(), name: shellAskNameSchema, params: z.unknown() }),
  /** Nobody waits for the answer to that ask any more; it is answered all the same. */
  z.object({ type: z.literal('withdraw'), id: z.int() }),
  /** Which artefacts windows may be served from now on: `media` leaves pages out. Nothing is served before it is told. */
  z.object({ type: z.literal('previews'), allowed: previewsAllowedSchema }),
  /** Somebody is to be told on the desktop; `route` is where in the window it leads. */
  z.object({
    type: z.literal('notify'),
    title: z.string().max(200),
    body: z.string().max(1000),
    route: z.string().startsWith('/').max(200),
  }),
]);
export type EngineMessage = z.infer<typeof engineMessageSchema>;
