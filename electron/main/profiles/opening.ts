import type { ConnectionProfile, ProfileSecrets } from '#domain/connection-profile.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { EngineConfig } from '#engine/messages.ts';
import type { ProfileShelf } from './profile-shelf.ts';

/** What the start command says of where to go. */
export interface Asked {
  readonly config: EngineConfig;
  /** The name of a profile, null where none was named. */
  readonly profileName: string | null;
  /** True where the sandbox was asked for, whatever was open last. */
  readonly isSandboxAsked: boolean;
  /** True where a runner was asked for, whatever is opened. */
  readonly isRunnerAsked: boolean;
}

/**
 * How the engine is to be started: on the address or profile that the start command names, else on the profile that was open
 * last, else on the sandbox. A profile whose secret has to be typed is opened without it; the window then asks.
 * Errors: `not_found` for a name that no profile has; `profiles_unusable` where nobody can tell which profile was open, because who was
 * on production must not find themselves on the sandbox.
 */
export function firstConfig(
  { config, profileName, isSandboxAsked, isRunnerAsked }: Asked,
  shelf: ProfileShelf,
): Result<EngineConfig, AppError> {
  if (profileName !== null) {
    const named = shelf.named(profileName);
    return named.ok ? ok(onProfile(config, named.value, shelf.secretsOf(named.value), config.withRunner)) : named;
  }
  if (config.mongodbUri !== null || isSandboxAsked) return ok(config);
  const last = shelf.last();
  if (!last.ok) return last;
  const { value } = last;
  return ok(value === null ? config : onProfile(config, value, shelf.secretsOf(value), isRunnerAsked));
}

/** The configuration for another profile; null is the sandbox. A runner runs only where it was asked for at the start. */
export function switchedConfig(
  config: EngineConfig,
  target: { readonly profile: ConnectionProfile; readonly secrets: ProfileSecrets } | null,
): EngineConfig {
  if (target !== null) return onProfile(config, target.profile, target.secrets, false);
  return {
    ...config,
    profile: null,
    secrets: null,
    mapping: null,
    mongodbUri: null,
    dbName: null,
    opensSignIn: true,
    withRunner: true,
    isDemo: true,
  };
}

function onProfile(
  config: EngineConfig,
  profile: ConnectionProfile,
  secrets: ProfileSecrets | null,
  withRunner: boolean,
): EngineConfig {
  const where = { profile, secrets, mapping: null, mongodbUri: null, dbName: null };
  return { ...config, ...where, opensSignIn: true, withRunner, isDemo: false };
}
