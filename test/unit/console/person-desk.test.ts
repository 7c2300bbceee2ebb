import { expect, it } from 'vitest';
import { readPerson } from '#console/people/person-desk.ts';
import { actorSchema } from '#domain/ledger.ts';
import { ok } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';

async function idOf(user: string): Promise<string> {
  const people = {
    dbName: 'production',
    readLogin: () => Promise.resolve(ok({ user, privileges: [] })),
    list: () => Promise.resolve(ok([])),
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
