import { randomUUID } from 'node:crypto';
import { connectionProfileSchema, type ConnectionProfile } from '#domain/connection-profile.ts';

/** A connection with a password, to wherever `address` says. */
export function connectionProfile(given: Partial<ConnectionProfile> = {}): ConnectionProfile {
  return connectionProfileSchema.parse({
    id: randomUUID(),
    name: 'Shop',
    kind: 'production',
    address: 'mongodb://db.example.com/shop',
    database: null,
    login: { type: 'password', user: 'sue', mechanism: null, authSource: null },
    tls: { mode: 'default', caFile: null, certificateKeyFile: null, hasKeyPassphrase: false },
    isReadOnly: false,
    ...given,
  });
}
