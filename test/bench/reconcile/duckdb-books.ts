import {
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { entryKeyOf, generationIdOf, periodCode, periodOfCode, type LedgerView } from '#domain/reconciliation/view.ts';
import type { LargeBooks } from './large-books.ts';
import { PREPARATION, RULE_QUERIES, TABLES, type TableName } from './duckdb-sql.ts';

const CHUNK_ROWS = 2048;

/** What DuckDB took and found. Times in milliseconds. */
export interface DuckDbResult {
  readonly version: string;
  readonly loadMs: number;
  readonly queryMs: number;
  /** `finding id|credits`, sorted. */
  readonly findings: readonly string[];
}

/** Loads the rows of a view into an in-memory DuckDB by its appender, and runs every rule there. */
export async function reconcileInDuckDb(books: LargeBooks, options: RuleOptions): Promise<DuckDbResult> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const [name, columns] of Object.entries(TABLES)) await connection.run(`CREATE TABLE ${name} (${columns})`);
    let loadMs = 0;
    for (const [name, rows] of rowsOf(books, options)) loadMs += await load(connection, name, rows);
    const startedAt = performance.now();
    for (const statement of PREPARATION(options)) await connection.run(statement);
    const reader = await connection.runAndReadAll(RULE_QUERIES.join('\nUNION ALL\n'));
    const rows = reader.getRows();
    const queryMs = performance.now() - startedAt;
    const version = await connection.runAndReadAll('SELECT version()');
    const gone = new Map([...books.goneKeys].map(([id, key]) => [key, id]));
    return {
      version: String(version.getRows()[0]?.[0]),
      loadMs,
      queryMs,
      findings: rows.map(([id, credits]) => `${renamed(String(id), gone)}|${String(credits)}`).toSorted(),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A gone entry is known to the rules by hashes only; DuckDB was given its key. */
function renamed(id: string, gone: ReadonlyMap<string, string>): string {
  const prefix = 'entry_changed:gone:';
  if (!id.startsWith(prefix)) return id;
  const key = id.slice(prefix.length);
  return `${prefix}${gone.get(key) ?? key}`;
}

type Row = readonly DuckDBValue[];

/** Appends rows by chunks of whole columns, the fastest way in that the binding has. @returns how long, without the making of the rows */
async function load(connection: DuckDBConnection, table: TableName, rows: Iterable<Row>): Promise<number> {
  const appender = await connection.createAppender(table);
  const types: readonly DuckDBType[] = Array.from({ length: appender.columnCount }, (_, index) =>
    appender.columnType(index),
  );
  let loadMs = 0;
  let block: Row[] = [];
  const append = (): void => {
    const columns = types.map((_, index) => block.map((row) => row[index] ?? null));
    const startedAt = performance.now();
    const chunk = DuckDBDataChunk.create(types, block.length);
    chunk.setColumns(columns);
    appender.appendDataChunk(chunk);
    loadMs += performance.now() - startedAt;
    block = [];
  };
  for (const row of rows) {
    block.push(row);
    if (block.length === CHUNK_ROWS) append();
  }
  if (block.length > 0) append();
  const startedAt = performance.now();
  appender.closeSync();
  return loadMs + performance.now() - startedAt;
}

function* rowsOf(books: LargeBooks, options: RuleOptions): Iterable<readonly [TableName, Iterable<Row>]> {
  const { view } = books;
  yield ['entries', entryRows(view)];
  yield ['generations', generationRows(view)];
  yield ['jobs', jobRows(view)];
  yield ['accounts', accountRows(view)];
  yield ['holds', holdRows(view)];
  yield ['pending', pendingRows(view)];
  yield ['seen', seenRows(books)];
  yield ['prices', options.prices.map((line) => [line.kind, BigInt(line.fromMs), BigInt(line.priceCredits)])];
  yield [
    'closed',
    options.closedPeriods.map((period) => {
      const next = periodOfCode(periodCode(period) + 1);
      return [
        periodCode(period),
        BigInt(Date.parse(`${period}-01T00:00:00Z`)),
        BigInt(Date.parse(`${next}-01T00:00:00Z`)),
      ];
    }),
  ];
}

function* entryRows(view: LedgerView): Iterable<Row> {
  const { entries, workspaces, jobIds } = view;
  for (let row = 0; row < entries.count; row += 1) {
    const job = entries.job[row] ?? -1;
    yield [
      entryKeyOf(view, row),
      generationIdOf(view, entries.generation[row] ?? 0),
      workspaces.text(entries.workspace[row] ?? 0),
      job < 0 ? null : jobIds.text(job),
      entries.type[row] ?? 0,
      entries.n[row] ?? 0,
      BigInt(entries.credits[row] ?? 0),
      BigInt(entries.atMs[row] ?? 0),
      entries.period[row] ?? 0,
      entries.content[row] ?? 0,
    ];
  }
}

function* generationRows(view: LedgerView): Iterable<Row> {
  const { generations, jobIds } = view;
  for (let row = 0; row < generations.count; row += 1) {
    const id = generationIdOf(view, row);
    if (id === null) continue;
    const job = generations.job[row] ?? -1;
    yield [
      id,
      job < 0 ? null : jobIds.text(job),
      generations.outcome[row] ?? 0,
      BigInt(generations.price[row] ?? 0),
      BigInt(generations.startedAtMs[row] ?? 0),
      BigInt(generations.costMicroUsd[row] ?? 0),
    ];
  }
}

function* jobRows(view: LedgerView): Iterable<Row> {
  const { jobs } = view;
  for (let row = 0; row < jobs.presence.length; row += 1) {
    if (jobs.presence[row] !== 1) continue;
    yield [
      view.jobIds.text(row),
      view.workspaces.text(jobs.workspace[row] ?? 0),
      view.kinds.text(jobs.kind[row] ?? 0),
      BigInt(jobs.leaseExpiresAtMs[row] ?? 0),
      generationIdOf(view, jobs.generation[row] ?? 0),
    ];
  }
}

function* accountRows(view: LedgerView): Iterable<Row> {
  const { accounts } = view;
  for (let row = 0; row < accounts.isPresent.length; row += 1) {
    if (accounts.isPresent[row] === 0) continue;
    yield [view.workspaces.text(row), BigInt(accounts.available[row] ?? 0), BigInt(accounts.held[row] ?? 0)];
  }
}

function* holdRows(view: LedgerView): Iterable<Row> {
  const { holds } = view;
  for (let row = 0; row < holds.count; row += 1) {
    yield [
      generationIdOf(view, holds.generation[row] ?? 0),
      view.workspaces.text(holds.workspace[row] ?? 0),
      BigInt(holds.credits[row] ?? 0),
      BigInt(holds.atMs[row] ?? 0),
    ];
  }
}

function* pendingRows(view: LedgerView): Iterable<Row> {
  const { pending } = view;
  for (let row = 0; row < pending.count; row += 1) {
    yield [
      generationIdOf(view, pending.generation[row] ?? 0),
      view.jobIds.text(pending.job[row] ?? 0),
      pending.type[row] ?? 0,
      view.keys.text(pending.key[row] ?? 0),
      BigInt(pending.credits[row] ?? 0),
      BigInt(pending.atMs[row] ?? 0),
      pending.isStanding[row] === 1,
    ];
  }
}

/** The memory has no keys, only hashes: those of the view's entries are looked up, those of gone ones are known. */
function* seenRows({ view, seen, goneKeys }: LargeBooks): Iterable<Row> {
  const { entries, generations } = view;
  const gone = [...goneKeys.values()];
  let entry = 0;
  for (let row = 0; row < seen.count; row += 1) {
    const generationHash = generations.hash[entries.generation[entry] ?? 0];
    const isStanding = generationHash === seen.generationHash[row] && entries.keyHash[entry] === seen.keyHash[row];
    const key = isStanding ? entryKeyOf(view, entry) : gone.shift();
    if (key === undefined) throw new Error('the memory has a row that nobody knows');
    if (isStanding) entry += 1;
    yield [key, seen.content[row] ?? 0, BigInt(seen.net[row] ?? 0), seen.sealedIn[row] !== 0];
  }
}
