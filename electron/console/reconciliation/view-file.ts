import type { AppError } from '#domain/errors.ts';
import { appError } from '#domain/errors.ts';
import { IdTable } from '#domain/reconciliation/id-table.ts';
import type { SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { decodeColumns, encodeColumns, type Column, type ColumnFile } from './column-file.ts';

const VIEW_KIND = 'ledger-view-5';
const SEEN_KIND = 'seen-entries-2';

/** What a file of a view was read from, so that it is not taken for the view of another server. */
export interface ViewFileMeta {
  readonly source: string;
  readonly asOfMs: number;
}

/** A sealed view as the pieces of a file: read back it needs no sorting, and its ids are decoded only where they are shown. */
export function encodeView(view: LedgerView, meta: ViewFileMeta): readonly Uint8Array[] {
  const columns: Record<string, Column> = {};
  for (const table of ID_TABLES) {
    const ids = view[table];
    if (!(ids instanceof IdTable)) throw new Error(`${table} is of a foreign make`);
    const parts = ids.parts();
    columns[`${table}.bytes`] = parts.bytes;
    columns[`${table}.offsets`] = parts.offsets;
    columns[`${table}.hashes`] = parts.hashes;
  }
  for (const table of COLUMN_TABLES) {
    const standing: Readonly<Record<string, Column | number>> = { ...view[table] };
    for (const [name, column] of Object.entries(standing)) {
      if (typeof column !== 'number') columns[`${table}.${name}`] = column;
    }
  }
  return encodeColumns(VIEW_KIND, meta, columns);
}

const ID_TABLES = ['workspaces', 'jobIds', 'kinds', 'generationIds', 'keys'] as const;
const COLUMN_TABLES = ['entries', 'generations', 'jobs', 'accounts', 'holds', 'pending'] as const;

/**
 * Opens a view from a file's bytes, without copying its columns.
 * Errors: `malformed_document`.
 */
export function decodeView(file: Uint8Array, check: boolean): Result<LedgerView, AppError> {
  const decoded = decodeColumns(file, check);
  if (!decoded.ok) return decoded;
  if (decoded.value.kind !== VIEW_KIND) return err(appError('malformed_document', 'the file holds no view'));
  return attempt(() => viewOf(new ColumnReader(decoded.value)));
}

/** The memory of runs and closes as the pieces of a file. */
export function encodeSeen(seen: SeenEntries): readonly Uint8Array[] {
  const { count: _count, ...columns } = seen;
  return encodeColumns(SEEN_KIND, null, columns);
}

/** Opens a memory from a file's bytes. Errors: `malformed_document`. */
export function decodeSeen(file: Uint8Array): Result<SeenEntries, AppError> {
  const decoded = decodeColumns(file, true);
  if (!decoded.ok) return decoded;
  if (decoded.value.kind !== SEEN_KIND)
    return err(appError('malformed_document', 'the file holds no memory of entries'));
  const reader = new ColumnReader(decoded.value);
  return attempt(() => ({
    count: reader.float64('keyHash').length,
    generationHash: reader.float64('generationHash'),
    keyHash: reader.float64('keyHash'),
    content: reader.float64('content'),
    period: reader.uint16('period'),
    net: reader.float64('net'),
    sealedIn: reader.uint16('sealedIn'),
  }));
}

function viewOf(reader: ColumnReader): LedgerView {
  const ids = (table: (typeof ID_TABLES)[number]): IdTable =>
    new IdTable({
      bytes: reader.uint8(`${table}.bytes`),
      offsets: reader.uint32(`${table}.offsets`),
      hashes: reader.float64(`${table}.hashes`),
    });
  const entryCount = reader.int32('entries.generation').length;
  return {
    workspaces: ids('workspaces'),
    jobIds: ids('jobIds'),
    kinds: ids('kinds'),
    generationIds: ids('generationIds'),
    keys: ids('keys'),
    entries: {
      count: entryCount,
      generation: reader.int32('entries.generation'),
      workspace: reader.int32('entries.workspace'),
      job: reader.int32('entries.job'),
      type: reader.uint8('entries.type'),
      n: reader.uint32('entries.n'),
      key: reader.int32('entries.key'),
      credits: reader.float64('entries.credits'),
      atMs: reader.float64('entries.atMs'),
      period: reader.uint16('entries.period'),
      keyHash: reader.float64('entries.keyHash'),
      content: reader.float64('entries.content'),
      isPosting: reader.uint8('entries.isPosting'),
    },
    generations: {
      count: reader.int32('generations.id').length,
      id: reader.int32('generations.id'),
      hash: reader.float64('generations.hash'),
      job: reader.int32('generations.job'),
      outcome: reader.uint8('generations.outcome'),
      isAdopted: reader.uint8('generations.isAdopted'),
      price: reader.float64('generations.price'),
      due: reader.float64('generations.due'),
      startedAtMs: reader.float64('generations.startedAtMs'),
      costMicroUsd: reader.float64('generations.costMicroUsd'),
      entryStart: reader.int32('generations.entryStart'),
    },
    jobs: {
      presence: reader.uint8('jobs.presence'),
      workspace: reader.int32('jobs.workspace'),
      kind: reader.int32('jobs.kind'),
      isOver: reader.uint8('jobs.isOver'),
      leaseExpiresAtMs: reader.float64('jobs.leaseExpiresAtMs'),
      generation: reader.int32('jobs.generation'),
    },
    accounts: {
      isPresent: reader.uint8('accounts.isPresent'),
      available: reader.float64('accounts.available'),
      held: reader.float64('accounts.held'),
      otherLedger: reader.float64('accounts.otherLedger'),
      otherHeld: reader.float64('accounts.otherHeld'),
      isOverlaid: reader.uint8('accounts.isOverlaid'),
    },
    holds: {
      count: reader.int32('holds.generation').length,
      generation: reader.int32('holds.generation'),
      workspace: reader.int32('holds.workspace'),
      credits: reader.float64('holds.credits'),
      atMs: reader.float64('holds.atMs'),
    },
    pending: {
      count: reader.int32('pending.generation').length,
      generation: reader.int32('pending.generation'),
      job: reader.int32('pending.job'),
      type: reader.uint8('pending.type'),
      key: reader.int32('pending.key'),
      credits: reader.float64('pending.credits'),
      atMs: reader.float64('pending.atMs'),
      isStanding: reader.uint8('pending.isStanding'),
    },
  };
}

class WrongColumnError extends Error {}

/** Hands out columns by name and type. */
class ColumnReader {
  readonly #file: ColumnFile;

  constructor(file: ColumnFile) {
    this.#file = file;
  }

  float64(name: string): Float64Array {
    const column = this.#file.columns.get(name);
    if (column instanceof Float64Array) return column;
    throw new WrongColumnError(name);
  }

  int32(name: string): Int32Array {
    const column = this.#file.columns.get(name);
    if (column instanceof Int32Array) return column;
    throw new WrongColumnError(name);
  }

  uint32(name: string): Uint32Array {
    const column = this.#file.columns.get(name);
    if (column instanceof Uint32Array) return column;
    throw new WrongColumnError(name);
  }

  uint16(name: string): Uint16Array {
    const column = this.#file.columns.get(name);
    if (column instanceof Uint16Array) return column;
    throw new WrongColumnError(name);
  }

  uint8(name: string): Uint8Array {
    const column = this.#file.columns.get(name);
    if (column instanceof Uint8Array) return column;
    throw new WrongColumnError(name);
  }
}

function attempt<Value>(read: () => Value): Result<Value, AppError> {
  try {
    return ok(read());
  } catch (cause) {
    if (cause instanceof WrongColumnError) {
      return err(appError('malformed_document', `column file: no column ${cause.message}`, cause));
    }
    throw cause;
  }
}
