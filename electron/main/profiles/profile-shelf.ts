import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ProfileList } from '#contract/profile-views.ts';
import {
  connectionProfileSchema,
  hasNeededSecrets,
  NO_SECRETS,
  type ConnectionProfile,
  type ProfileSecrets,
} from '#domain/connection-profile.ts';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { parseJsonText } from '#domain/json-text.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { SecretVault } from './secret-vault.ts';

const PROFILES_MAX = 200;

const fileSchema = z.object({
  version: z.literal(1),
  /** The profile that was open last, null for the sandbox. */
  lastId: z.uuid().nullable(),
  profiles: z.array(z.object({ profile: connectionProfileSchema, sealed: z.string().nullable() })).max(PROFILES_MAX),
});
type ShelfFile = z.infer<typeof fileSchema>;

const EMPTY: ShelfFile = { version: 1, lastId: null, profiles: [] };

/** The connections that this machine keeps, in one file that holds secrets only sealed. */
export class ProfileShelf {
  readonly #file: string;
  readonly #vault: SecretVault;
  readonly #log: (line: string) => void;

  /** @param file absolute */
  constructor(file: string, vault: SecretVault, log: (line: string) => void) {
    this.#file = file;
    this.#vault = vault;
    this.#log = log;
  }

  list(): Result<ProfileList, AppError> {
    const shelf = this.#read();
    if (!shelf.ok) return shelf;
    const { keepsNot } = this.#vault;
    return ok({
      profiles: shelf.value.profiles.map(({ profile, sealed }) => ({
        profile,
        hasKeptSecrets: sealed !== null && this.#vault.open(profile, sealed) !== null,
      })),
      canKeepSecrets: keepsNot === null,
      keepsNot,
    });
  }

  /** Errors: `profile_exists` for a name that another one has, `invalid_request` for one too many. */
  save(
    profile: ConnectionProfile,
    secrets: ProfileSecrets | null,
    keepSecrets: boolean,
  ): Result<ProfileList, AppError> {
    const shelf = this.#read();
    if (!shelf.ok) return shelf;
    const { profiles } = shelf.value;
    const at = profiles.findIndex((kept) => kept.profile.id === profile.id);
    const isTaken = profiles.some(
      (kept) => kept.profile.id !== profile.id && isSameName(kept.profile.name, profile.name),
    );
    if (isTaken) return err(appError('profile_exists', profile.name));
    if (at < 0 && profiles.length >= PROFILES_MAX) {
      return err(appError('invalid_request', `at most ${PROFILES_MAX} connections`));
    }
    const before = profiles[at]?.sealed ?? null;
    // What is kept stays only for what it was given for; the vault itself refuses to open it for anything else.
    const stands = before === null ? null : this.#vault.open(profile, before);
    const merged = {
      password: secrets?.password ?? stands?.password ?? null,
      keyPassphrase: secrets?.keyPassphrase ?? stands?.keyPassphrase ?? null,
    };
    const hasSecret = Object.values(merged).some((secret) => secret !== null);
    // Where the key store is away today, what it sealed is for the day on which it is back; nobody was offered to forget it.
    const isLeft = this.#vault.keepsNot !== null && secrets === null;
    const sealed = isLeft ? before : keepSecrets && hasSecret ? this.#vault.seal(profile, merged) : null;
    const next = profiles.filter((kept) => kept.profile.id !== profile.id);
    next.splice(at < 0 ? next.length : at, 0, { profile, sealed });
    return this.#write({ ...shelf.value, profiles: next });
  }

  remove(id: string): Result<ProfileList, AppError> {
    const shelf = this.#read();
    if (!shelf.ok) return shelf;
    const { lastId, profiles } = shelf.value;
    return this.#write({
      ...shelf.value,
      lastId: lastId === id ? null : lastId,
      profiles: profiles.filter(({ profile }) => profile.id !== id),
    });
  }

  /** What is kept for just this profile; null where there is nothing, or it was kept for something else. */
  secretsOf(profile: ConnectionProfile): ProfileSecrets | null {
    const shelf = this.#read();
    const sealed = shelf.ok ? shelf.value.profiles.find((kept) => kept.profile.id === profile.id)?.sealed : null;
    return sealed === null || sealed === undefined ? null : this.#vault.open(profile, sealed);
  }

  /**
   * A profile with what it needs to connect. Errors: `not_found`; `secret_needed` where something is neither kept nor typed.
   * @param typed what was typed now; it goes before what is kept
   */
  ready(
    id: string,
    typed: ProfileSecrets | null,
  ): Result<{ readonly profile: ConnectionProfile; readonly secrets: ProfileSecrets }, AppError> {
    const found = this.find((profile) => profile.id === id);
    if (!found.ok) return found;
    const kept = this.secretsOf(found.value) ?? NO_SECRETS;
    const secrets = {
      password: typed?.password ?? kept.password,
      keyPassphrase: typed?.keyPassphrase ?? kept.keyPassphrase,
    };
    if (!hasNeededSecrets(found.value, secrets)) return err(appError('secret_needed', found.value.name));
    return ok({ profile: found.value, secrets });
  }

  /** The profile by this name, whatever its letters' case. Error: `not_found`. */
  named(name: string): Result<ConnectionProfile, AppError> {
    return this.find((profile) => isSameName(profile.name, name));
  }

  /** The profile that was open last; null where that was the sandbox. Error: `profiles_unusable`. */
  last(): Result<ConnectionProfile | null, AppError> {
    const shelf = this.#read();
    if (!shelf.ok) return shelf;
    const { lastId, profiles } = shelf.value;
    return ok(profiles.find(({ profile }) => profile.id === lastId)?.profile ?? null);
  }

  /** Remembers which profile is open; null for the sandbox. */
  opened(id: string | null): void {
    const shelf = this.#read();
    if (!shelf.ok || shelf.value.lastId === id) return;
    const written = this.#write({ ...shelf.value, lastId: id });
    if (!written.ok) this.#log('which connection is open could not be remembered');
  }

  find(matches: (profile: ConnectionProfile) => boolean): Result<ConnectionProfile, AppError> {
    const shelf = this.#read();
    if (!shelf.ok) return shelf;
    const found = shelf.value.profiles.find(({ profile }) => matches(profile))?.profile;
    return found === undefined ? err(appError('not_found', 'there is no connection by this name')) : ok(found);
  }

  #read(): Result<ShelfFile, AppError> {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (cause) {
      if (systemCodeOf(cause) === 'ENOENT') return ok(EMPTY);
      return err(appError('profiles_unusable', 'the file cannot be read', cause));
    }
    const parsed = safeParse(fileSchema, parseJson(text));
    // Never overwritten: whoever broke it by hand can mend it by hand.
    return parsed.success ? ok(parsed.data) : err(appError('profiles_unusable', 'the file is none of ours'));
  }

  #write(shelf: ShelfFile): Result<ProfileList, AppError> {
    const draft = `${this.#file}.new`;
    try {
      writeFileSync(draft, `${JSON.stringify(shelf, null, 2)}\n`, { mode: 0o600, flush: true });
      renameSync(draft, this.#file);
    } catch (cause) {
      return err(appError('profiles_unusable', 'the file cannot be written', cause));
    }
    return this.list();
  }
}

function parseJson(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
