/** Secrets by name. What a configuration holds are names; no secret stands in it, in a log, or in a message to a window. */
export interface KeyStore {
  /** Null where there is no key of that name. */
  read(name: string): string | null;
}

/** A store over names and secrets that are already in memory. */
export function keysOf(secrets: Readonly<Record<string, string>>): KeyStore {
  return { read: (name) => (Object.hasOwn(secrets, name) ? (secrets[name] ?? null) : null) };
}
