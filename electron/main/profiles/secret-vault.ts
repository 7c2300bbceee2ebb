import { z } from 'zod';
import {
  profileSecretsSchema,
  secretScope,
  type ConnectionProfile,
  type ProfileSecrets,
} from '#domain/connection-profile.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** The operating system's key store, as Electron's `safeStorage` reaches it. */
export interface KeyStore {
  isEncryptionAvailable(): boolean;
  /** Linux only: what keeps the key. */
  getSelectedStorageBackend?(): string;
  encryptString(text: string): Buffer;
  decryptString(encrypted: Buffer): string;
}

/** The back ends of Linux that keep the key where other programs do not read it. */
const KEEPING_BACKENDS: ReadonlySet<string> = new Set(['gnome_libsecret', 'kwallet', 'kwallet5', 'kwallet6']);

const sealedSchema = z.object({ scope: z.string(), secrets: profileSecretsSchema });

/**
 * Seals a profile's secrets with the system's key store. What they were entrusted for is sealed with them: opened for other
 * servers, another login or other encryption, there is nothing inside.
 */
export class SecretVault {
  readonly #keys: KeyStore;
  readonly #platform: NodeJS.Platform;

  constructor(keys: KeyStore, platform: NodeJS.Platform) {
    this.#keys = keys;
    this.#platform = platform;
  }

  /** Why nothing can be kept here, for people; null where it can. */
  get keepsNot(): string | null {
    if (!this.#keys.isEncryptionAvailable()) return 'this system offers no key store';
    if (this.#platform !== 'linux') return null;
    const backend = this.#keys.getSelectedStorageBackend?.() ?? 'unknown';
    if (KEEPING_BACKENDS.has(backend)) return null;
    return `no keyring answers (${backend}), and without one a kept password could be read by anybody`;
  }

  /** @returns what may be written to a file; null where nothing can be kept */
  seal(profile: ConnectionProfile, secrets: ProfileSecrets): string | null {
    if (this.keepsNot !== null) return null;
    return this.#keys.encryptString(JSON.stringify({ scope: secretScope(profile), secrets })).toString('base64');
  }

  /** @returns null for what cannot be opened, or was sealed for something else than this profile as it is */
  open(profile: ConnectionProfile, sealed: string): ProfileSecrets | null {
    if (this.keepsNot !== null) return null;
    try {
      const parsed = safeParse(sealedSchema, JSON.parse(this.#keys.decryptString(Buffer.from(sealed, 'base64'))));
      return parsed.success && parsed.data.scope === secretScope(profile) ? parsed.data.secrets : null;
    } catch {
      // Another account's key, or a file that was copied from another machine: whoever sits here types it again.
      return null;
    }
  }
}
