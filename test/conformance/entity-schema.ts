import { z } from 'zod';
import { doc } from './doc.ts';

/** The names of the events that a client may be told to observe. */
const OBSERVED_EVENTS = [
  'commandStartedEvent',
  'commandSucceededEvent',
  'commandFailedEvent',
  'poolCreatedEvent',
  'poolReadyEvent',
  'poolClearedEvent',
  'poolClosedEvent',
  'connectionCreatedEvent',
  'connectionReadyEvent',
  'connectionClosedEvent',
  'connectionCheckOutStartedEvent',
  'connectionCheckOutFailedEvent',
  'connectionCheckedOutEvent',
  'connectionCheckedInEvent',
  'connectionPendingResponseSucceeded',
  'connectionPendingResponseStarted',
  'connectionPendingResponseFailed',
  'serverDescriptionChangedEvent',
  'topologyDescriptionChangedEvent',
  'topologyOpeningEvent',
  'topologyClosedEvent',
  'serverOpeningEvent',
  'serverClosedEvent',
  'serverHeartbeatStartedEvent',
  'serverHeartbeatSucceededEvent',
  'serverHeartbeatFailedEvent',
] as const;

/** How bad a message of a log is. */
export const logLevel = z.enum([
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug',
  'trace',
]);

const secret = z.union([z.string(), z.strictObject({ $$placeholder: z.unknown() })]).optional();
const KMS_PROVIDERS = {
  aws: z.strictObject({ accessKeyId: secret, secretAccessKey: secret, sessionToken: secret }),
  azure: z.strictObject({ tenantId: secret, clientId: secret, clientSecret: secret, identityPlatformEndpoint: secret }),
  gcp: z.strictObject({ email: secret, privateKey: secret, endpoint: secret }),
  kmip: z.strictObject({ endpoint: secret }),
  local: z.strictObject({ key: secret }),
} as const;

/** A provider has the name of its kind, and one of its own behind a colon where there are several. */
const kmsProviders = doc.superRefine((given, context) => {
  for (const [name, provider] of Object.entries(given)) {
    const kind = /^(aws|azure|gcp|kmip|local)(:\w+)?$/.exec(name)?.[1];
    const schema = Object.entries(KMS_PROVIDERS).find(([one]) => one === kind)?.[1];
    if (schema?.safeParse(provider).success !== true)
      context.addIssue({ code: 'custom', message: `'${name}' is no provider of keys` });
  }
});

const encryption = {
  keyVaultNamespace: z.string(),
  kmsProviders,
  keyExpirationMS: z.int().optional(),
};

const options = z.strictObject({
  readConcern: doc.optional(),
  readPreference: doc.optional(),
  writeConcern: doc.optional(),
  timeoutMS: z.int().optional(),
});

/** What a client is made with. */
export const clientSpec = z.strictObject({
  id: z.string(),
  uriOptions: doc.optional(),
  useMultipleMongoses: z.boolean().optional(),
  observeEvents: z.array(z.enum(OBSERVED_EVENTS)).min(1).optional(),
  ignoreCommandMonitoringEvents: z.array(z.string()).min(1).optional(),
  observeSensitiveCommands: z.boolean().optional(),
  storeEventsAsEntities: z
    .array(z.strictObject({ id: z.string(), events: z.array(z.string().refine(isStoredEvent)).min(1) }))
    .min(1)
    .optional(),
  observeLogMessages: z
    .strictObject({
      command: logLevel.optional(),
      topology: logLevel.optional(),
      serverSelection: logLevel.optional(),
      connection: logLevel.optional(),
    })
    .refine((given) => Object.keys(given).length > 0)
    .optional(),
  observeTracingMessages: z.strictObject({ enableCommandPayload: z.boolean().optional() }).optional(),
  serverApi: z
    .strictObject({
      version: z.string(),
      strict: z.boolean().optional(),
      deprecationErrors: z.boolean().optional(),
    })
    .optional(),
  autoEncryptOpts: z
    .strictObject({
      ...encryption,
      bypassAutoEncryption: z.boolean().optional(),
      schemaMap: doc.optional(),
      extraOptions: doc.optional(),
      encryptedFieldsMap: doc.optional(),
      bypassQueryAnalysis: z.boolean().optional(),
    })
    .optional(),
  awaitMinPoolSizeMS: z.int().optional(),
});

/** Events are stored under their names with a capital. */
function isStoredEvent(name: string): boolean {
  return OBSERVED_EVENTS.some((one) => name === one.charAt(0).toUpperCase() + one.slice(1));
}

const named = { id: z.string() };
const ENTITIES = {
  client: clientSpec,
  clientEncryption: z.strictObject({
    ...named,
    clientEncryptionOpts: z.strictObject({ ...encryption, keyVaultClient: z.string() }),
  }),
  database: z.strictObject({
    ...named,
    client: z.string(),
    databaseName: z.string(),
    databaseOptions: options.optional(),
  }),
  collection: z.strictObject({
    ...named,
    database: z.string(),
    collectionName: z.string(),
    collectionOptions: options.optional(),
  }),
  session: z.strictObject({ ...named, client: z.string(), sessionOptions: doc.optional() }),
  bucket: z.strictObject({ ...named, database: z.string(), bucketOptions: doc.optional() }),
  thread: z.strictObject(named),
} as const;

/** One entity: its kind, and what it is made with. */
export const entity = z.union(
  Object.entries(ENTITIES).map(([kind, spec]) => z.strictObject({ [kind]: spec })),
  'no entity of the format',
);
