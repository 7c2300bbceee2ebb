import { describe, expect, it } from 'vitest';
import { accessOf, PERMISSIONS_OF, permissionSchema, roleOf, roleSchema } from '#domain/people.ts';
import { missingPrivileges, READS, WRITES, type Privilege } from '#domain/privileges.ts';

const everything = { isReadOnly: false };

describe('roles', () => {
  it.each(roleSchema.options)('a %s may do what its role includes and nothing else', (role) => {
    const access = accessOf({ role, ...everything });
    const allowed = permissionSchema.options.filter((permission) => access[permission].read === null);
    expect(allowed).toEqual(permissionSchema.options.filter((name) => PERMISSIONS_OF[role].includes(name)));
  });

  it('only a founder changes the rules of the console', () => {
    const may = roleSchema.options.filter((role) => PERMISSIONS_OF[role].includes('policy'));
    expect(may).toEqual(['founder']);
  });

  it.each([
    { listed: 'support', isAnybodyListed: true, role: 'support' },
    { listed: null, isAnybodyListed: true, role: 'viewer' },
    { listed: null, isAnybodyListed: false, role: 'founder' },
  ] as const)(
    'who is listed as $listed (others listed: $isAnybodyListed) is a $role',
    ({ listed, isAnybodyListed, role }) => {
      expect(roleOf(listed === null ? null : { role: listed }, isAnybodyListed)).toBe(role);
    },
  );

  it.each([
    [
      'viewer',
      'policy',
      'the role viewer may not read the audit, change policies, roles and redaction; who may: founder',
    ],
    ['finance', 'payload', 'the role finance may not read prompts and outputs; who may: support, founder'],
  ] as const)('a %s who lacks %s is told what that is and whom to ask', (role, permission, detail) => {
    expect(accessOf({ role, ...everything })[permission].read).toEqual({ cause: 'role', detail });
  });

  it('a read-only connection lets everything be read and nothing be written', () => {
    const access = accessOf({ role: 'founder', isReadOnly: true });
    for (const permission of permissionSchema.options) {
      expect(access[permission].read).toBeNull();
      expect(access[permission].write?.cause).toBe('read_only');
    }
  });
});

function privilege(db: string, collection: string, ...actions: string[]): Privilege {
  return { resource: { db, collection }, actions };
}

describe('privileges of the login', () => {
  it('lacks nothing where the server asks nobody to log in', () => {
    expect(missingPrivileges(WRITES.runPlan, null, 'production')).toEqual([]);
  });

  it.each([
    { name: 'the very collection', given: privilege('production', 'jobs', 'find'), isCovered: true },
    { name: 'every collection of the database', given: privilege('production', '', 'find'), isCovered: true },
    { name: 'the collection in every database', given: privilege('', 'jobs', 'find'), isCovered: true },
    { name: 'any resource', given: { resource: { anyResource: true }, actions: ['anyAction'] }, isCovered: true },
    { name: 'another database', given: privilege('staging', 'jobs', 'find'), isCovered: false },
    { name: 'another collection', given: privilege('production', 'users', 'find'), isCovered: false },
    { name: 'another action', given: privilege('production', 'jobs', 'insert'), isCovered: false },
    { name: 'the cluster', given: { resource: { cluster: true }, actions: ['find'] }, isCovered: false },
  ])('a privilege on $name covers a find on jobs: $isCovered', ({ given, isCovered }) => {
    const missing = missingPrivileges([{ collection: 'jobs', actions: ['find'] }], [given], 'production');
    expect(missing).toEqual(isCovered ? [] : ['find on jobs']);
  });

  it('somebody who may only read lacks every write, and no read', () => {
    const privileges = [privilege('production', '', 'find')];
    expect(missingPrivileges(READS, privileges, 'production')).toEqual([]);
    for (const needed of Object.values(WRITES)) {
      expect(missingPrivileges(needed, privileges, 'production')).toHaveLength(
        needed.flatMap(({ actions }) => actions).length,
      );
    }
  });
});
