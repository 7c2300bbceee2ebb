import { Long, MongoClient, MongoServerError, type Db, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';

let sandbox: Sandbox;
let client: MongoClient;
let db: Db;
beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory', stageBytesMax: 64 * 1024 });
  client = await new MongoClient(sandbox.uri, { promoteLongs: false }).connect();
  db = client.db('graphs');
  await db.collection('starts').insertMany([{ _id: 1 as never, at: 'a' }]);
  await db.collection('steps').insertMany([
    { _id: 'a' as never, to: ['b', 'c'], cost: 1 },
    { _id: 'b' as never, to: 'd', cost: 5 },
    { _id: 'c' as never, to: ['d', 'a'], cost: 1 },
    { _id: 'd' as never, to: null, cost: 1 },
    { _id: 'e' as never, cost: 1 },
  ]);
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

/** What a search among the steps finds, from a start. */
async function found(options: Document): Promise<readonly Document[]> {
  const stage = {
    from: 'steps',
    startWith: '$at',
    connectFromField: 'to',
    connectToField: '_id',
    as: 'found',
    ...options,
  };
  const [first] = await db
    .collection('starts')
    .aggregate([{ $graphLookup: stage }])
    .toArray();
  return (first?.['found'] ?? []) as Document[];
}

const ids = (documents: readonly Document[]): readonly string[] =>
  documents.map(({ _id }) => String(_id)).sort((left, right) => (left < right ? -1 : 1));

describe('a $graphLookup', () => {
  it('finds each document once that can be reached, through lists and around circles', async () => {
    expect(ids(await found({}))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('puts the depth at the end of each document, as a long, where it is asked for', async () => {
    const deep = await found({ depthField: 'depth' });
    expect(Object.fromEntries(deep.map(({ _id, depth }) => [String(_id), Number(depth)]))).toEqual({
      a: 0,
      b: 1,
      c: 1,
      d: 2,
    });
    expect(deep.every(({ depth }) => depth instanceof Long)).toBe(true);
    expect(Object.keys(deep[0] ?? {})).toEqual(['_id', 'to', 'cost', 'depth']);
  });

  it('puts the depth at a path within, and where a field of that name stood', async () => {
    const [inner] = await found({ depthField: 'of.depth', maxDepth: 0 });
    expect(inner).toEqual({ _id: 'a', to: ['b', 'c'], cost: 1, of: { depth: Long.ZERO } });
    const [over] = await found({ depthField: 'cost', maxDepth: 0 });
    expect(Object.keys(over ?? {})).toEqual(['_id', 'to', 'cost']);
    expect(over?.['cost']).toEqual(Long.ZERO);
  });

  it('goes as many steps as it is told', async () => {
    expect(ids(await found({ maxDepth: 0 }))).toEqual(['a']);
    expect(ids(await found({ maxDepth: Long.fromNumber(1) }))).toEqual(['a', 'b', 'c']);
  });

  it('does not go through what the restriction leaves out', async () => {
    expect(ids(await found({ restrictSearchWithMatch: { cost: { $lt: 5 } } }))).toEqual(['a', 'c', 'd']);
    expect(ids(await found({ restrictSearchWithMatch: { _id: { $ne: 'c' } }, maxDepth: 1 }))).toEqual(['a', 'b']);
  });

  it('begins at each element of a list, and nowhere with what is missing', async () => {
    expect(ids(await found({ startWith: ['b', 'e'] }))).toEqual(['b', 'd', 'e']);
    expect(await found({ startWith: '$nowhere' })).toEqual([]);
    expect(await found({ startWith: [] })).toEqual([]);
  });

  it('finds with null what is null, and not what is missing', async () => {
    expect(ids(await found({ startWith: null, connectToField: 'to', connectFromField: 'cost' }))).toEqual(['d']);
  });

  it('goes by numbers of any type', async () => {
    await db.collection('numbers').insertMany([
      { _id: Long.fromNumber(1) as never, next: 2.5 },
      { _id: 2.5 as never, next: 1 },
    ]);
    const reached = await found({ from: 'numbers', startWith: 1, connectFromField: 'next', connectToField: '_id' });
    expect(reached).toHaveLength(2);
  });

  it('is the same over fields whose names are whole numbers', async () => {
    await db.collection('numbered').insertMany([
      { _id: 'x' as never, b: 1, '7': 'k', '8': 'l' },
      { _id: 'y' as never, b: 1, '7': 'l', '8': 'm' },
    ]);
    const reached = await found({
      from: 'numbered',
      startWith: 'k',
      connectToField: '7',
      connectFromField: '8',
      depthField: '9',
    });
    expect(reached.map(({ _id, 9: depth }) => [_id as unknown, Number(depth)])).toEqual([
      ['x', 0],
      ['y', 1],
    ]);
  });

  it('is refused where what it finds takes more memory than a stage may', async () => {
    await db
      .collection('large')
      .insertMany(Array.from({ length: 20 }, (_none, n) => ({ _id: n as never, next: n + 1, text: 'x'.repeat(8192) })));
    const search = found({ from: 'large', startWith: 0, connectFromField: 'next', connectToField: '_id' });
    const cause: unknown = await search.catch((error: unknown) => error);
    expect(cause instanceof MongoServerError ? cause.code : cause).toBe(40_099);
  });
});
