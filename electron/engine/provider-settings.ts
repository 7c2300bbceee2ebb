import path from 'node:path';
import { z } from 'zod';

/** The name under which jobs call the provider that `RUNLEDGER_PROVIDER_URL` names. */
export const CONFIGURED_PROVIDER = 'openai';

/**
 * Where the providers of a process come from. Secrets in it (`single.apiKey`, `keys`) stand in no log and in no message to a
 * window. Paths are absolute.
 */
export const providerSourcesSchema = z.object({
  /** One OpenAI-compatible provider, called {@link CONFIGURED_PROVIDER}. */
  single: z.object({ baseUrl: z.url(), apiKey: z.string() }).nullable(),
  /** A file of any number of providers. */
  file: z.string().min(1).nullable(),
  /** A file of keys by name, which nobody else may read. */
  keysFile: z.string().min(1).nullable(),
  /** Keys by name, as far as they came some other way. */
  keys: z.record(z.string(), z.string()),
});
export type ProviderSources = z.infer<typeof providerSourcesSchema>;

export const NO_PROVIDERS: ProviderSources = { single: null, file: null, keysFile: null, keys: {} };

/** The variables of the environment that name providers. */
const providerEnvironmentSchema = z.object({
  RUNLEDGER_PROVIDER_URL: z.string().optional(),
  RUNLEDGER_PROVIDER_KEY: z.string().optional(),
  RUNLEDGER_PROVIDERS: z.string().optional(),
  RUNLEDGER_KEYS: z.string().optional(),
});

const KEY_PREFIX = 'RUNLEDGER_KEY_';

/** What the environment says of providers, not checked yet. */
export function namedProviders(environment: Readonly<Record<string, string | undefined>>): ProviderSources {
  const env = providerEnvironmentSchema.parse(environment);
  const baseUrl = env.RUNLEDGER_PROVIDER_URL ?? '';
  const keys = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith(KEY_PREFIX) && value !== undefined ? [[name.slice(KEY_PREFIX.length), value] as const] : [],
  );
  return {
    single: baseUrl === '' ? null : { baseUrl, apiKey: env.RUNLEDGER_PROVIDER_KEY ?? '' },
    file: fileOf(env.RUNLEDGER_PROVIDERS),
    keysFile: fileOf(env.RUNLEDGER_KEYS),
    keys: Object.fromEntries(keys),
  };
}

/** The name under which the environment holds a key: `my-key` is `MY_KEY` there. */
export function environmentNameOf(key: string): string {
  return key.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

function fileOf(name: string | undefined): string | null {
  return name === undefined || name === '' ? null : path.resolve(name);
}
