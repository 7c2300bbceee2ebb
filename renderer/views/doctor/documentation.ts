/**
 * Where more is said of what a part of the doctor looks at. Main opens these in the system's browser, and no address that is not on its
 * list (`electron/main/external-links.ts`); a test holds the two together.
 */
export const DOCUMENTATION: Readonly<Record<string, { readonly about: string; readonly href: string }>> = {
  server: { about: 'replication', href: 'https://www.mongodb.com/docs/manual/replication/' },
  privileges: { about: 'roles and privileges', href: 'https://www.mongodb.com/docs/manual/core/authorization/' },
  indexes: { about: 'indexes', href: 'https://www.mongodb.com/docs/manual/indexes/' },
  oplog: { about: 'the oplog', href: 'https://www.mongodb.com/docs/manual/core/replica-set-oplog/' },
};
