import type { OpenProfile } from '#contract/profile-views.ts';
import { composeUri, hasNeededSecrets, NO_SECRETS } from '#domain/connection-profile.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { EngineConfig } from './messages.ts';

/** How the window names the way by which an engine is attached. */
export function openProfileOf({ profile, mongodbUri }: EngineConfig): OpenProfile {
  if (profile !== null) return { id: profile.id, name: profile.name, kind: profile.kind };
  return mongodbUri === null
    ? { id: null, name: 'Sandbox', kind: 'sandbox' }
    : { id: null, name: 'Start command', kind: 'unnamed' };
}

/**
 * The configuration with a profile's connection string in its place. Without a profile it stays as it is. Whether the secrets
 * are there is another question: see {@link missingSecretOf}.
 */
export function openedConfig(config: EngineConfig): EngineConfig {
  const { profile } = config;
  if (profile === null) return config;
  return {
    ...config,
    mongodbUri: composeUri(profile, config.secrets ?? NO_SECRETS),
    dbName: profile.database,
    mapping: profile.mapping ?? null,
    isReadOnly: config.isReadOnly || profile.isReadOnly,
    isDemo: false,
  };
}

/** Error: `secret_needed` with the profile's name where a secret has to be typed before it can connect. */
export function missingSecretOf({ profile, secrets }: EngineConfig): Result<void, AppError> {
  if (profile === null || hasNeededSecrets(profile, secrets ?? NO_SECRETS)) return ok(undefined);
  return err(appError('secret_needed', profile.name));
}
