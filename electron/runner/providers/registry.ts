import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CallbackDesk } from '../callback-desk.ts';
import type { Provider } from '../provider.ts';
import { httpSetup } from './http.ts';
import type { KeyStore } from './key-store.ts';
import { openAiSetup } from './openai.ts';
import type { ProviderSetup } from './provider-setup.ts';
import { replicateSetup } from './replicate.ts';

/** Every kind of adapter, by the `type` of its settings. A new one is its file and its line here. */
const SETUPS = { openai: openAiSetup, replicate: replicateSetup, http: httpSetup } as const;

/** Settings of one provider, whatever its kind. */
const providerSettingsSchema = z.discriminatedUnion('type', [
  SETUPS.openai.settingsSchema,
  SETUPS.replicate.settingsSchema,
  SETUPS.http.settingsSchema,
]);
export type ProviderSettings = z.output<typeof providerSettingsSchema>;

/** A configuration of providers, as a file holds it. Names are given once. */
export const providersFileSchema = z.strictObject({
  providers: z
    .array(providerSettingsSchema)
    .max(100)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two providers have the same name'),
});

/**
 * Makes a provider from its settings. Error: `providers_invalid` where a key is missing, or where it calls back and nothing
 * listens.
 */
export function makeProvider(
  settings: ProviderSettings,
  parts: { readonly keys: KeyStore; readonly callbacks: CallbackDesk | null },
): Result<Provider, AppError> {
  switch (settings.type) {
    case 'openai':
      return makeWith(SETUPS.openai, settings, parts);
    case 'replicate':
      return makeWith(SETUPS.replicate, settings, parts);
    case 'http':
      if (settings.result.how === 'callback' && parts.callbacks === null) {
        return err(
          appError('providers_invalid', `${settings.name} calls back: start with --listen and --callback-url`),
        );
      }
      return makeWith(SETUPS.http, settings, parts);
  }
}

function makeWith<Schema extends z.ZodType>(
  setup: ProviderSetup<Schema>,
  settings: z.output<Schema> & { readonly name: string },
  { keys, callbacks }: { readonly keys: KeyStore; readonly callbacks: CallbackDesk | null },
): Result<Provider, AppError> {
  const secrets = new Map<string, string>();
  for (const name of setup.keysOf(settings)) {
    const secret = keys.read(name);
    if (secret === null)
      return err(appError('providers_invalid', `${settings.name} needs the key ${name}, which is not there`));
    secrets.set(name, secret);
  }
  return ok(setup.make(settings, { secret: (name) => secrets.get(name) ?? '', callbacks }));
}
