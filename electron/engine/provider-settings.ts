import { z } from 'zod';

/** The name under which jobs call the provider that the configuration names. */
export const CONFIGURED_PROVIDER = 'openai';

/** An OpenAI-compatible provider. The key is a secret: it stands in no log and no message to a window. */
export const providerSettingsSchema = z.object({ baseUrl: z.url(), apiKey: z.string() });
export type ProviderSettings = z.infer<typeof providerSettingsSchema>;

/** The variables of the environment that name a provider. */
export const providerEnvironmentSchema = z.object({
  RUNLEDGER_PROVIDER_URL: z.string().optional(),
  RUNLEDGER_PROVIDER_KEY: z.string().optional(),
});

/** The provider that the environment names, not checked yet; null where it names none. */
export function namedProvider(env: z.infer<typeof providerEnvironmentSchema>): ProviderSettings | null {
  const baseUrl = env.RUNLEDGER_PROVIDER_URL ?? '';
  return baseUrl === '' ? null : { baseUrl, apiKey: env.RUNLEDGER_PROVIDER_KEY ?? '' };
}
