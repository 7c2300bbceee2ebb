import { Int32 } from 'bson';
import { expect, onTestFinished, test } from 'vitest';
import { ServerError } from '#sandbox/semantics/server-error.ts';
import { decodeExact, encode, type Doc } from '#sandbox/semantics/values.ts';
import { RetryableWrites } from '#sandbox/storage/retryable-writes.ts';
import { openSqlite, type Sqlite } from '#sandbox/storage/schema.ts';
import { codeOf } from '../../support/evaluated.ts';

const SESSION = Buffer.alloc(16, 1);

function opened(): { readonly sqlite: Sqlite; readonly writes: RetryableWrites } {
  const sqlite = openSqlite(':memory:');
  onTestFinished(() => void sqlite.close());
  return { sqlite, writes: new RetryableWrites(sqlite, () => 0) };
}

function recordAll(writes: RetryableWrites, number: number, results: readonly (readonly [number, Doc])[]): void {
  writes.run(SESSION, number, ({ record }) => {
    for (const [statement, result] of results) record(statement, result);
  });
}

function resultsOf(writes: RetryableWrites, number: number, statements: readonly number[]): readonly (Doc | null)[] {
  return writes.run(SESSION, number, ({ resultOf }) => statements.map(resultOf));
}

const one: Doc = { n: new Int32(1) };
const none: Doc = { n: new Int32(0) };

test('each statement of a write that is tried again is answered by what it came to', () => {
  const { writes } = opened();
  recordAll(writes, 7, [
    [0, one],
    [1, one],
    [2, none],
    [5, none],
    [3, one],
  ]);
  expect(resultsOf(writes, 7, [0, 1, 2, 3, 4, 5, 6])).toEqual([one, one, none, one, null, none, null]);
  expect(resultsOf(writes, 8, [0])).toEqual([null]);
});

test('a write that is gone on with keeps what it came to before', () => {
  const { writes } = opened();
  recordAll(writes, 7, [[0, one]]);
  recordAll(writes, 7, [[1, none]]);
  expect(resultsOf(writes, 7, [0, 1])).toEqual([one, none]);
});

test('what a bulk of statements came to alike is kept once', () => {
  const { sqlite, writes } = opened();
  recordAll(
    writes,
    7,
    Array.from({ length: 1000 }, (_value, at) => [at, { n: new Int32(1) }]),
  );
  const row = sqlite.prepare<[], { reply: Buffer }>('SELECT reply FROM retryable_writes').get();
  expect(decodeExact(row?.reply ?? Buffer.of())).toEqual({
    runs: [{ first: new Int32(0), count: new Int32(1000), result: one }],
  });
});

test('a file of before has what each statement came to by itself', () => {
  const { sqlite, writes } = opened();
  const reply = Buffer.from(encode({ results: { '\uffff0': one, '\uffff11': none } }));
  sqlite
    .prepare('INSERT INTO retryable_writes (session, number, reply, at) VALUES (?, ?, ?, ?)')
    .run(SESSION, 7, reply, 0);
  expect(resultsOf(writes, 7, [0, 1, 11])).toEqual([one, null, none]);
});

test('a write is too old where a newer one of its session has begun, also one that wrote nothing', () => {
  const { writes } = opened();
  recordAll(writes, 7, [[0, one]]);
  recordAll(writes, 9, []);
  expect(codeOf(() => resultsOf(writes, 7, [0]))).toBe(225);
  expect(codeOf(() => resultsOf(writes, 8, [0]))).toBe(225);
  expect(resultsOf(writes, 9, [0])).toEqual([null]);
  expect(writes.run(Buffer.alloc(16, 2), 1, ({ resultOf }) => resultOf(0))).toBeNull();
});

test('a write that failed has begun', () => {
  const { writes } = opened();
  const failing = (): unknown =>
    writes.run(SESSION, 5, () => {
      throw new ServerError('DuplicateKey', 'of another document');
    });
  expect(codeOf(failing)).toBe(11_000);
  expect(codeOf(() => resultsOf(writes, 4, [0]))).toBe(225);
});
