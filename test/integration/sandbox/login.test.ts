import { MongoClient, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';

let sandbox: Sandbox;
let root: MongoClient;

beforeAll(async () => {
  sandbox = await startSandbox({
    dataDir: 'memory',
    auth: { users: [{ name: 'root', password: 'pässwörd,=', roles: [{ name: 'root', db: 'admin' }] }] },
  });
  root = await logIn('root', 'pässwörd,=');
});
afterAll(async () => {
  await root.close();
  await sandbox.stop();
});

function logIn(username: string, password: string, authSource = 'admin', uri = sandbox.uri): Promise<MongoClient> {
  return new MongoClient(uri, { auth: { username, password }, authSource, serverSelectionTimeoutMS: 5000 }).connect();
}

/** Runs `work` as a user, and lets go of its connections whatever happens. */
async function as<Value>(name: string, work: (client: MongoClient) => Promise<Value>, db = 'admin'): Promise<Value> {
  const client = await logIn(name, 'secret', db);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function create(name: string, roles: readonly unknown[], db = 'admin'): Promise<Document> {
  return root.db(db).command({ createUser: name, pwd: 'secret', roles });
}

const unauthorized = { code: 13, codeName: 'Unauthorized' };

describe('logging in', () => {
  it('a user is known by its password, in the handshake and with the mechanism named', async () => {
    const status = await root.db('admin').command({ connectionStatus: 1 });
    expect(status['authInfo']).toMatchObject({ authenticatedUsers: [{ user: 'root', db: 'admin' }] });
    const named = await new MongoClient(sandbox.uri, {
      auth: { username: 'root', password: 'pässwörd,=' },
      authMechanism: 'SCRAM-SHA-256',
    }).connect();
    expect(await named.db('d').command({ count: 'c' })).toMatchObject({ n: 0 });
    await named.close();
  });

  it('a wrong password, a wrong name and a wrong database are refused alike', async () => {
    for (const [name, password, db] of [
      ['root', 'wrong', 'admin'],
      ['nobody', 'pässwörd,=', 'admin'],
      ['root', 'pässwörd,=', 'd'],
    ] as const) {
      await expect(logIn(name, password, db)).rejects.toMatchObject({ code: 18, errmsg: 'Authentication failed.' });
    }
  });

  it('who did not log in may ask what the server is, and nothing else', async () => {
    const nobody = await new MongoClient(sandbox.uri).connect();
    expect(await nobody.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 });
    expect(await nobody.db('admin').command({ connectionStatus: 1, showPrivileges: true })).toMatchObject({
      authInfo: { authenticatedUsers: [], authenticatedUserRoles: [], authenticatedUserPrivileges: [] },
    });
    await expect(nobody.db('d').collection('c').findOne()).rejects.toMatchObject({
      ...unauthorized,
      message: 'Command find requires authentication',
    });
    await expect(
      nobody.db('admin').command({ createUser: 'intruder', pwd: 'x', roles: ['root'] }),
    ).rejects.toMatchObject(unauthorized);
    await nobody.close();
  });

  it('a password is stored as credentials that the password cannot be read from', async () => {
    await create('stored', []);
    const [user] = await root.db('admin').collection('system.users').find({ user: 'stored' }).toArray();
    expect(user).toMatchObject({ credentials: { 'SCRAM-SHA-256': { iterationCount: 15_000 } } });
    expect(JSON.stringify(user)).not.toContain('secret');
  });

  it('a new password, a dropped user and a revoked role count at once, on connections that are open too', async () => {
    await create('leaving', [{ role: 'readWrite', db: 'd' }]);
    await as('leaving', async (client) => {
      const documents = client.db('d').collection('leaving');
      await documents.insertOne({ n: 1 });
      await root.db('admin').command({ revokeRolesFromUser: 'leaving', roles: [{ role: 'readWrite', db: 'd' }] });
      await expect(documents.findOne()).rejects.toMatchObject(unauthorized);
      await root.db('admin').command({ grantRolesToUser: 'leaving', roles: [{ role: 'read', db: 'd' }] });
      expect(await documents.countDocuments()).toBe(1);
      await root.db('admin').command({ updateUser: 'leaving', pwd: 'other' });
      await expect(logIn('leaving', 'secret')).rejects.toMatchObject({ code: 18 });
      await root.db('admin').command({ dropUser: 'leaving' });
      await expect(documents.findOne()).rejects.toThrow('Command find requires authentication');
    });
  });

  it('the first user of a new server is made by whoever connects, and only the first', async () => {
    const fresh = await startSandbox({ dataDir: 'memory', auth: { users: [] } });
    const first = await new MongoClient(fresh.uri).connect();
    await expect(first.db('d').collection('c').findOne()).rejects.toMatchObject(unauthorized);
    await first.db('admin').command({ createUser: 'first', pwd: 'secret', roles: ['root'] });
    await expect(first.db('admin').command({ createUser: 'second', pwd: 'x', roles: [] })).rejects.toMatchObject(
      unauthorized,
    );
    await first.close();
    const client = await logIn('first', 'secret', 'admin', fresh.uri);
    await client.db('d').collection('c').insertOne({});
    await client.close();
    await fresh.stop();
  });
});

describe('built-in roles', () => {
  it('read reads one database, its change streams too, and writes nothing', async () => {
    await root.db('d').collection('documents').insertOne({ n: 1 });
    await create('reader', [{ role: 'read', db: 'd' }]);
    await as('reader', async (client) => {
      const documents = client.db('d').collection('documents');
      expect(await documents.findOne({}, { projection: { _id: 0 } })).toEqual({ n: 1 });
      const stream = documents.watch();
      await stream.tryNext();
      await stream.close();
      expect(await client.db('d').listCollections().toArray()).toHaveLength(2);
      await expect(documents.insertOne({ n: 2 })).rejects.toMatchObject({
        ...unauthorized,
        message: expect.stringMatching(/^not authorized on d to execute command \{ insert: "documents"/) as string,
      });
      for (const refused of [
        () => documents.updateOne({}, { $set: { n: 2 } }),
        () => documents.deleteMany({}),
        () => documents.findOneAndUpdate({}, { $set: { n: 2 } }),
        () => documents.createIndex({ n: 1 }),
        () => documents.drop(),
        () => documents.aggregate([{ $out: 'copy' }]).toArray(),
        () => documents.aggregate([{ $merge: 'copy' }]).toArray(),
        () => documents.aggregate([{ $unionWith: 'c' }, { $facet: { a: [{ $merge: 'copy' }] } }]).toArray(),
        () => client.db('other').collection('c').findOne(),
        () => client.watch().tryNext(),
        () => client.db('admin').collection('system.users').findOne(),
        () => client.db('admin').command({ serverStatus: 1 }),
        () => client.db('admin').command({ usersInfo: 1 }),
        () => client.db('d').command({ createRole: 'more', privileges: [], roles: [] }),
      ]) {
        await expect(refused()).rejects.toMatchObject(unauthorized);
      }
      const shown = await client.db('admin').command({ listDatabases: 1, nameOnly: true });
      expect(shown['databases']).toEqual([{ name: 'd' }]);
    });
  });

  it('each role may what the manual says, and its neighbour may not', async () => {
    const around = { bypassDocumentValidation: true };
    const readWrite = [{ role: 'readWrite', db: 'd' }];
    const rw = (client: MongoClient) => client.db('d').collection('rw');
    const cases: readonly (readonly [
      string,
      readonly unknown[],
      (client: MongoClient) => Promise<unknown>,
      boolean,
    ])[] = [
      ['rw', readWrite, (c) => rw(c).insertOne({}), true],
      ['rw', readWrite, (c) => rw(c).insertOne({}, around), false],
      ['rw', readWrite, (c) => rw(c).updateOne({}, { $set: { a: 1 } }, around), false],
      ['rw', readWrite, (c) => rw(c).findOneAndUpdate({}, { $set: { a: 1 } }, around), false],
      [
        'rw',
        readWrite,
        (c) =>
          rw(c)
            .aggregate([{ $out: 'copy' }], around)
            .toArray(),
        false,
      ],
      ['own', [{ role: 'dbOwner', db: 'd' }], (c) => rw(c).insertOne({}, around), true],
      ['rw', readWrite, (c) => rw(c).createIndex({ a: 1 }), true],
      ['rw', readWrite, (c) => rw(c).drop(), true],
      ['rw', readWrite, (c) => c.db('d').dropDatabase(), false],
      ['rw', readWrite, (c) => c.db('d').command({ collMod: 'documents' }), false],
      ['dba', [{ role: 'dbAdmin', db: 'd' }], (c) => c.db('d').command({ collMod: 'documents' }), true],
      ['dba', [{ role: 'dbAdmin', db: 'd' }], (c) => c.db('d').collection('documents').findOne(), false],
      ['mon', ['clusterMonitor'], (c) => c.db('admin').command({ serverStatus: 1 }), true],
      ['mon', ['clusterMonitor'], (c) => c.db('d').command({ collStats: 'documents' }), true],
      ['mon', ['clusterMonitor'], (c) => c.db('d').collection('documents').findOne(), false],
      ['any', ['readAnyDatabase'], (c) => c.db('d').collection('documents').findOne(), true],
      ['any', ['readAnyDatabase'], (c) => c.watch().tryNext(), true],
      ['any', ['readAnyDatabase'], (c) => c.db('config').collection('x').findOne(), false],
      ['any', ['readAnyDatabase'], (c) => c.db('admin').collection('system.users').findOne(), false],
      ['uad', ['userAdminAnyDatabase'], (c) => c.db('d').command({ usersInfo: 1 }), true],
      ['uad', ['userAdminAnyDatabase'], (c) => c.db('d').collection('documents').findOne(), false],
      ['own', [{ role: 'dbOwner', db: 'd' }], (c) => c.db('d').command({ usersInfo: 1 }), true],
      ['own', [{ role: 'dbOwner', db: 'd' }], (c) => c.db('d').collection('documents').findOne(), true],
    ];
    for (const [name, roles] of cases) await create(name, roles).catch(() => undefined);
    const wrong: string[] = [];
    for (const [at, [name, , attempt, isAllowed]] of cases.entries()) {
      const outcome = await as(name, attempt).then(
        () => true,
        (cause: unknown) => (expect(cause).toMatchObject(unauthorized), false),
      );
      if (outcome !== isAllowed) wrong.push(`case ${at} (${name}): ${outcome ? 'allowed' : 'refused'}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('custom roles', () => {
  it('a role allows just its actions on just its collection, with what it inherits', async () => {
    await root.db('d').command({
      createRole: 'retries',
      privileges: [{ resource: { db: 'd', collection: 'jobs' }, actions: ['find', 'update'] }],
      roles: [],
    });
    await root.db('d').command({
      createRole: 'support',
      privileges: [{ resource: { db: 'd', collection: 'audit' }, actions: ['insert'] }],
      roles: ['retries'],
    });
    await create('agent', ['support'], 'd');
    await root.db('d').collection<{ _id: number }>('jobs').insertOne({ _id: 1 });
    await as(
      'agent',
      async (client) => {
        const jobs = client.db('d').collection<{ _id: number; n?: number }>('jobs');
        expect((await jobs.updateOne({ _id: 1 }, { $set: { n: 2 } })).modifiedCount).toBe(1);
        await client.db('d').collection('audit').insertOne({ by: 'agent' });
        for (const refused of [
          () => jobs.updateOne({ _id: 9 }, { $set: { n: 2 } }, { upsert: true }),
          () => jobs.insertOne({ _id: 2 }),
          () => jobs.deleteOne({ _id: 1 }),
          () => jobs.watch().tryNext(),
          () => client.db('d').collection('audit').findOne(),
          () => jobs.aggregate([{ $lookup: { from: 'audit', pipeline: [], as: 'audit' } }]).toArray(),
          () => client.db('d').listCollections().toArray(),
        ]) {
          await expect(refused()).rejects.toMatchObject(unauthorized);
        }
        const status = await client.db('d').command({ connectionStatus: 1, showPrivileges: true });
        expect(status['authInfo']).toEqual({
          authenticatedUsers: [{ user: 'agent', db: 'd' }],
          authenticatedUserRoles: [
            { role: 'support', db: 'd' },
            { role: 'retries', db: 'd' },
          ],
          authenticatedUserPrivileges: [
            { resource: { db: 'd', collection: 'audit' }, actions: ['insert'] },
            { resource: { db: 'd', collection: 'jobs' }, actions: ['find', 'update'] },
          ],
        });
        const own = await client.db('d').listCollections({}, { nameOnly: true, authorizedCollections: true }).toArray();
        expect(own).toEqual([{ name: 'jobs', type: 'collection' }]);
      },
      'd',
    );
  });

  it('a view shows nobody who may read it what they may not read otherwise', async () => {
    await root.db('d').command({ create: 'shown', viewOn: 'open', pipeline: [] });
    await root.db('d').command({
      createRole: 'viewers',
      privileges: [
        { resource: { db: 'd', collection: 'shown' }, actions: ['find', 'collMod'] },
        { resource: { db: 'd', collection: 'open' }, actions: ['find'] },
      ],
      roles: [],
    });
    await create('viewer', ['viewers'], 'd');
    await as(
      'viewer',
      async (client) => {
        const change = (to: Document): Promise<Document> => client.db('d').command({ collMod: 'shown', ...to });
        await expect(change({ viewOn: 'secret', pipeline: [] })).rejects.toMatchObject(unauthorized);
        const joined = [{ $lookup: { from: 'secret', pipeline: [], as: 'secret' } }];
        await expect(change({ viewOn: 'open', pipeline: joined })).rejects.toMatchObject(unauthorized);
        await expect(change({ pipeline: [] })).rejects.toMatchObject({ code: 72 });
        await expect(change({ viewOn: 'open', pipeline: [{ $limit: 1 }] })).resolves.toMatchObject({ ok: 1 });
      },
      'd',
    );
  });

  it('roles are told with what they inherit, changed, and refused where they would reach too far', async () => {
    const admin = root.db('admin');
    await admin.command({
      createRole: 'ops',
      privileges: [{ resource: { cluster: true }, actions: ['serverStatus'] }],
      roles: [{ role: 'read', db: 'd' }],
    });
    await admin.command({
      grantPrivilegesToRole: 'ops',
      privileges: [{ resource: { cluster: true }, actions: ['hostInfo'] }],
    });
    const told = await admin.command({ rolesInfo: 'ops', showPrivileges: true });
    expect(told['roles']).toMatchObject([
      {
        role: 'ops',
        db: 'admin',
        isBuiltin: false,
        privileges: [{ resource: { cluster: true }, actions: ['hostInfo', 'serverStatus'] }],
        inheritedRoles: [{ role: 'read', db: 'd' }],
      },
    ]);
    const refused: readonly (readonly [Document, string, number])[] = [
      [{ createRole: 'ops', privileges: [], roles: [] }, 'admin', 51_002],
      [{ createRole: 'read', privileges: [], roles: [] }, 'admin', 2],
      [{ createRole: 'x', privileges: [{ resource: { cluster: true }, actions: ['find'] }], roles: [] }, 'd', 49],
      [{ createRole: 'x', privileges: [{ resource: { cluster: true }, actions: ['fly'] }], roles: [] }, 'admin', 2],
      [{ createRole: 'x', privileges: [], roles: ['missing'] }, 'admin', 31],
      [{ grantRolesToRole: 'ops', roles: ['ops'] }, 'admin', 49],
      [{ dropRole: 'read' }, 'd', 49],
      [{ dropRole: 'missing' }, 'd', 31],
      [{ createUser: 'root', pwd: 'x', roles: [] }, 'admin', 51_003],
      [{ createUser: 'x', roles: [] }, 'admin', 2],
      [{ dropUser: 'missing' }, 'admin', 11],
      [{ grantRolesToUser: 'root', roles: ['missing'] }, 'admin', 31],
    ];
    for (const [command, db, code] of refused)
      await expect(root.db(db).command(command)).rejects.toMatchObject({ code });
    await admin.command({ createUser: 'operator', pwd: 'secret', roles: ['ops'] });
    await admin.command({ dropRole: 'ops' });
    const users = await admin.command({ usersInfo: 'operator', showPrivileges: true });
    expect(users['users']).toMatchObject([{ user: 'operator', roles: [], inheritedPrivileges: [] }]);
  });

  it('a cursor is its own user’s, and ends with the right to open it', async () => {
    await root
      .db('d')
      .collection('many')
      .insertMany(Array.from({ length: 10 }, (_value, n) => ({ n })));
    await create('owner', [{ role: 'read', db: 'd' }]);
    await create('thief', [{ role: 'read', db: 'd' }]);
    await as('owner', async (owner) => {
      const opened = await owner.db('d').command({ find: 'many', batchSize: 2 });
      const { id } = opened['cursor'] as { readonly id: unknown };
      const getMore = { getMore: id, collection: 'many', batchSize: 2 };
      await as('thief', async (thief) => {
        await expect(thief.db('d').command(getMore)).rejects.toThrow('was not created by the authenticated user');
        await expect(thief.db('d').command({ killCursors: 'many', cursors: [id] })).rejects.toMatchObject(unauthorized);
      });
      expect((await owner.db('d').command(getMore))['cursor']).toMatchObject({ nextBatch: [{ n: 2 }, { n: 3 }] });
      await root.db('admin').command({ revokeRolesFromUser: 'owner', roles: [{ role: 'read', db: 'd' }] });
      await expect(owner.db('d').command(getMore)).rejects.toThrow('not authorized for getMore with cursor id');
    });
  });
});
