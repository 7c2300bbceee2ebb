import type { Provider } from '#runner/provider.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { CONFIGURED_PROVIDER, type ProviderSettings } from './provider-settings.ts';

/** The adapter for a provider of the configuration. */
export function configuredProvider(settings: ProviderSettings): Provider {
  return openAiProvider({ name: CONFIGURED_PROVIDER, ...settings });
}
