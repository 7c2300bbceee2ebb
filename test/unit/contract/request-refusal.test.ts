import { describe, expect, it } from 'vitest';
import { lackingByRequest, refusalOf } from '#contract/request-refusal.ts';
import type { RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, requestNameSchema } from '#contract/requests.ts';
import { leastPrivilegeRoles, serverRoleName } from '#domain/least-privilege.ts';
import { accessOf, PERMISSIONS_OF, roleSchema } from '#domain/people.ts';
import type { NeededPrivilege, Privilege } from '#domain/privileges.ts';

const DB = 'production';
const everything = accessOf({ role: 'founder', isReadOnly: false });
const writing = requestNameSchema.options.flatMap((name) => {
  const { writes }: RequestDefinition = REQUESTS[name];
  return writes === false ? [] : [{ name, writes }];
});

function privilegesFor(needed: readonly NeededPrivilege[]): readonly Privilege[] {
  return needed.map(({ collection, actions }) => ({ resource: { db: DB, collection }, actions: [...actions] }));
}

describe('a request that writes', () => {
  it.each(writing)('names what it writes: $name', ({ writes }) => {
    for (const { collection, actions } of writes) {
      expect(collection).toMatch(/^[a-z_]+$/);
      expect(actions.length).toBeGreaterThan(0);
      expect(['insert', 'update', 'remove']).toEqual(expect.arrayContaining([...actions]));
    }
  });

  it.each(writing)('is covered by exactly what it names: $name', ({ name, writes }) => {
    const lacking = lackingByRequest(privilegesFor(writes), DB);
    expect(refusalOf(name, { access: everything, lacking })).toBeNull();
  });

  it.each(writing)('is switched off, with the reason, where any one of these is lacking: $name', ({ name, writes }) => {
    const single = writes.flatMap(({ collection, actions }) => actions.map((action) => ({ collection, action })));
    for (const without of single) {
      const given = single
        .filter((each) => each !== without)
        .map(({ collection, action }) => ({ collection, actions: [action] }));
      const lacking = lackingByRequest(privilegesFor(given), DB);
      expect(refusalOf(name, { access: everything, lacking })).toEqual({
        cause: 'privileges',
        detail: `the server's user lacks ${without.action} on ${without.collection}`,
      });
    }
  });

  it.each(writing)(
    'is refused by the role and by a read-only connection before privileges are named: $name',
    ({ name }) => {
      const lacking = lackingByRequest([], DB);
      const byRole = accessOf({ role: 'viewer', isReadOnly: true });
      const byConnection = accessOf({ role: 'founder', isReadOnly: true });
      expect(refusalOf(name, { access: byRole, lacking })?.cause).toBe('role');
      expect(refusalOf(name, { access: byConnection, lacking })?.cause).toBe('read_only');
    },
  );
});

describe('a request that writes nothing', () => {
  it('needs no privilege but reading', () => {
    const lacking = lackingByRequest([], DB);
    expect(Object.keys(lacking).sort()).toEqual(writing.map(({ name }) => name).sort());
  });
});

describe('the least-privilege roles that come with it', () => {
  it.each(roleSchema.options)('cover every request of a %s', (role) => {
    const given = leastPrivilegeRoles(DB).find(({ createRole }) => createRole === serverRoleName(role));
    const privileges = (given?.privileges ?? []).map(({ resource, actions }) => ({ resource, actions: [...actions] }));
    const lacking = lackingByRequest(privileges, DB);
    const granted = requestNameSchema.options.filter((name) =>
      PERMISSIONS_OF[role].includes(REQUESTS[name].permission),
    );
    expect(granted.filter((name) => name in lacking)).toEqual([]);
  });
});
