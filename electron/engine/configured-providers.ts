import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { parseJsonText } from '#domain/json-text.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';
import type { CallbackDesk } from '#runner/callback-desk.ts';
import type { Provider } from '#runner/provider.ts';
import { keysOf, type KeyStore } from '#runner/providers/key-store.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { makeProvider, providersFileSchema } from '#runner/providers/registry.ts';
import { CONFIGURED_PROVIDER, environmentNameOf, type ProviderSources } from './provider-settings.ts';

const keysFileSchema = z.record(z.string(), z.string());
/** What others than the owner may do with a file. */
const OTHERS = 0o077;

/**
 * The adapters for every provider of the configuration. Error: `providers_invalid` with the file, the place in it, and what is
 * wrong there; no text of it holds a key.
 */
export function configuredProviders(
  sources: ProviderSources,
  callbacks: CallbackDesk | null = null,
): Result<readonly Provider[], AppError> {
  const keys = openKeys(sources);
  if (!keys.ok) return keys;
  const { single, file } = sources;
  const providers: Provider[] = [];
  if (single !== null) {
    const settings = { type: 'openai', name: CONFIGURED_PROVIDER, baseUrl: single.baseUrl, key: 'single' } as const;
    providers.push(openAiProvider(settings, single.apiKey));
  }
  if (file === null) return ok(providers);
  const configured = readConfiguration(file, providersFileSchema);
  if (!configured.ok) return configured;
  for (const settings of configured.value.providers) {
    if (providers.some(({ name }) => name === settings.name)) {
      return err(appError('providers_invalid', `two providers have the name ${settings.name}`));
    }
    const provider = makeProvider(settings, { keys: keys.value, callbacks });
    if (!provider.ok) return provider;
    providers.push(provider.value);
  }
  return ok(providers);
}

function openKeys({ keysFile, keys }: ProviderSources): Result<KeyStore, AppError> {
  const inFile = keysFile === null ? ok({}) : readKeys(keysFile);
  if (!inFile.ok) return inFile;
  const [kept, named] = [keysOf(inFile.value), keysOf(keys)];
  return ok({ read: (name) => kept.read(name) ?? named.read(name) ?? named.read(environmentNameOf(name)) });
}

function readKeys(file: string): Result<Readonly<Record<string, string>>, AppError> {
  // Windows keeps who may read what elsewhere, and shows every file as everybody's.
  if (process.platform !== 'win32' && (modeOf(file) & OTHERS) !== 0) {
    return err(appError('providers_invalid', `${file} can be read by other users: chmod 600 it`));
  }
  return readConfiguration(file, keysFileSchema);
}

/** Who may do what with a file; nobody, where it cannot be looked at: then it cannot be read either, which says more. */
function modeOf(file: string): number {
  try {
    return statSync(file).mode;
  } catch {
    return 0;
  }
}

function readConfiguration<Value>(file: string, schema: z.ZodType<Value>): Result<Value, AppError> {
  let document: unknown;
  try {
    document = parseJsonText(readFileSync(file, 'utf8'));
  } catch (cause) {
    // The parser's message quotes what stands there, which may be a key.
    const what = cause instanceof SyntaxError ? 'it is not JSON' : 'it cannot be read';
    return err(appError('providers_invalid', `${file}: ${what}`));
  }
  const parsed = safeParse(schema, document);
  if (parsed.success) return ok(parsed.data);
  return err(appError('providers_invalid', `${file}: ${firstIssueOf(parsed.error)}`));
}
