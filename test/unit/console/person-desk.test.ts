import { expect, it } from 'vitest';
import { readPerson, setRole } from '#console/people/person-desk.ts';
import { actorSchema } from '#domain/ledger.ts';
import type { Person } from '#domain/people.ts';
import { ok } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';

async function idOf(user: string): Promise<string> {
  const people = {
    dbName: 'production',
    readLogin: () => Promise.resolve(ok({ user, privileges: [] })),
    list: () => Promise.resolve(ok({ values: [], malformed: [] })),
  };
  return expectOk(await readPerson(people, 'nobody')).id;
}

it('a login with a longer name than histories hold is somebody whom they can name, and nobody else', async () => {
  const units = Array.from({ length: 30 }, (_, n) => `OU=unit-${n}`).join(',');
  const [ann, bob] = [await idOf(`${units},CN=ann@$external`), await idOf(`${units},CN=bob@$external`)];
  for (const id of [ann, bob]) expect(actorSchema.safeParse({ type: 'user', id }).success).toBe(true);
  expect(ann).not.toBe(bob);
  expect(await idOf(`${units},CN=ann@$external`)).toBe(ann);
  expect(await idOf('ann@admin')).toBe('ann@admin');
});

it.each([null, 'viewer'] as const)(
  'two founders who take each other the role away at once (to %s) are founders still',
  async (role) => {
    const at = new Date();
    const standing = new Map<string, Person>(
      ['fay', 'gus'].map((_id) => [_id, { _id, role: 'founder', since: at, by: 'fay' }]),
    );
    const done = (): Promise<ReturnType<typeof ok<void>>> => Promise.resolve(ok(undefined));
    const people = {
      list: () => Promise.resolve(ok({ values: [...standing.values()], malformed: [] })),
      save: (person: Person) => {
        standing.set(person._id, person);
        return done();
      },
      remove: (id: string) => {
        standing.delete(id);
        return done();
      },
    };
    const orders = [
      { personId: 'fay', by: 'gus' },
      { personId: 'gus', by: 'fay' },
    ];
    const replies = await Promise.all(orders.map((order) => setRole(people, { ...order, role, at })));
    expect(replies.map((reply) => !reply.ok && reply.error.code)).toEqual([
      'illegal_role_change',
      'illegal_role_change',
    ]);
    expect([...standing.values()].map((person) => person.role)).toEqual(['founder', 'founder']);
  },
);

it('nobody becomes a viewer because the one entry of a founder cannot be read, until somebody mends it', async () => {
  const list = (values: readonly Person[]) => () =>
    Promise.resolve(ok({ values, malformed: [{ id: 'fay', problem: 'since is a text where a time is expected' }] }));
  const readLogin = () => Promise.resolve(ok({ user: 'fay', privileges: [] }));
  const person = (_id: string, role: Person['role']): Person => ({ _id, role, since: new Date(0), by: 'fay' });
  const people = { dbName: 'production', readLogin };
  expect(await readPerson({ ...people, list: list([person('sue', 'support')]) }, 'nobody')).toMatchObject({
    ok: false,
    error: { code: 'malformed_document' },
  });
  expect(await readPerson({ ...people, list: list([person('gus', 'founder')]) }, 'nobody')).toMatchObject({
    ok: true,
    value: { role: 'viewer' },
  });
});
