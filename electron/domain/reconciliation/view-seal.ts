import type { IdTable } from './id-table.ts';
import type { ViewTables } from './view-builder.ts';
import {
  entryKeyOf,
  NO_JOB,
  RELEASED,
  UNKNOWN,
  type EntryColumns,
  type GenerationColumns,
  type LedgerView,
  type PendingColumns,
} from './view.ts';

/** Brings the tables of a builder into the order of a view: a counting sort of the entries under the generations' order. */
export function sealView(tables: ViewTables): LedgerView {
  const idOfRow = orderByHash(tables.generationIds);
  const rowOfId = invert(idOfRow);
  const gathered = tables.generations.gather(idOfRow);
  const entryGeneration = tables.entries.columns.generation;
  for (let row = 0; row < tables.entries.count; row += 1) {
    entryGeneration[row] = rowOfId[entryGeneration[row] ?? 0] ?? 0;
  }
  const { entries, entryStart } = sortEntries(tables, idOfRow.length);
  const generations: GenerationColumns = {
    count: idOfRow.length,
    id: idOfRow,
    hash: Float64Array.from(idOfRow, (id) => tables.generationIds.hash(id)),
    job: gathered.jobPlusOne.map((jobPlusOne) => jobPlusOne - 1),
    outcome: gathered.outcome,
    isAdopted: new Uint8Array(idOfRow.length),
    price: gathered.price,
    due: gathered.due,
    startedAtMs: gathered.startedAtMs,
    costMicroUsd: gathered.costMicroUsd,
    entryStart,
  };
  const jobs = tables.jobs.trimmed();
  for (let job = 0; job < jobs.generation.length; job += 1) {
    if (jobs.presence[job] === 1) jobs.generation[job] = rowOfId[jobs.generation[job] ?? 0] ?? -1;
  }
  const holds = tables.holds.gather(rowsOfOwner(tables.holds.columns.workspace, tables.holds.count));
  holds.generation.forEach((id, row) => (holds.generation[row] = rowOfId[id] ?? 0));
  const pending = tables.pending.gather(rowsOfOwner(tables.pending.columns.job, tables.pending.count));
  pending.generation.forEach((id, row) => (pending.generation[row] = rowOfId[id] ?? 0));
  const view: LedgerView = {
    workspaces: tables.workspaces,
    jobIds: tables.jobIds,
    kinds: tables.kinds,
    generationIds: tables.generationIds,
    keys: tables.keys,
    entries,
    generations,
    jobs,
    accounts: tables.accounts.trimmed(),
    holds: { count: holds.workspace.length, ...holds },
    pending: { count: pending.job.length, ...pending },
  };
  adoptGenerations(view);
  markStanding(view, view.pending);
  return view;
}

function rowsOfOwner(owners: Int32Array, count: number): Int32Array {
  return Int32Array.from(owners.subarray(0, count).keys()).filter((row) => (owners[row] ?? -1) >= 0);
}

/** Indexes of a table's ids, by the hash of the id and then by its text: the same for whatever order the ids came in. */
function orderByHash(ids: IdTable): Int32Array<ArrayBuffer> {
  let order: Int32Array<ArrayBuffer> = Int32Array.from({ length: ids.size }, (_, index) => index);
  const tops = Float64Array.from(order, (id) => Math.floor(ids.hash(id) / 2_097_152));
  // A radix sort over the upper 32 of 53 bits, then an insertion sort over what those leave equal: a few pairs in millions.
  for (const divisor of [1, 65_536]) order = radixPass(order, tops, divisor);
  for (let at = 1; at < order.length; at += 1) {
    const id = order[at] ?? 0;
    let to = at;
    while (to > 0 && comesBefore(ids, id, order[to - 1] ?? 0)) {
      order[to] = order[to - 1] ?? 0;
      to -= 1;
    }
    order[to] = id;
  }
  return order;
}

function radixPass(order: Int32Array, keys: Float64Array, divisor: number): Int32Array<ArrayBuffer> {
  const counts = new Int32Array(65_537);
  const digit = (id: number): number => Math.floor((keys[id] ?? 0) / divisor) & 0xffff;
  for (const id of order) counts[digit(id) + 1] = (counts[digit(id) + 1] ?? 0) + 1;
  for (let at = 1; at < counts.length; at += 1) counts[at] = (counts[at] ?? 0) + (counts[at - 1] ?? 0);
  const sorted = new Int32Array(order.length);
  for (const id of order) {
    const at = counts[digit(id)] ?? 0;
    counts[digit(id)] = at + 1;
    sorted[at] = id;
  }
  return sorted;
}

function comesBefore(ids: IdTable, left: number, right: number): boolean {
  const difference = ids.hash(left) - ids.hash(right);
  if (difference !== 0) return difference < 0;
  return ids.text(left) < ids.text(right);
}

function invert(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((id, row) => (inverse[id] = row));
  return inverse;
}

function sortEntries(tables: ViewTables, generations: number): { entries: EntryColumns; entryStart: Int32Array } {
  const { columns, count } = tables.entries;
  const starts = new Int32Array(generations + 1);
  for (let row = 0; row < count; row += 1) {
    const next = (columns.generation[row] ?? 0) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let at = 1; at < starts.length; at += 1) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
  const order = new Int32Array(count);
  const fill = starts.slice();
  for (let row = 0; row < count; row += 1) {
    const generation = columns.generation[row] ?? 0;
    const at = fill[generation] ?? 0;
    order[at] = row;
    fill[generation] = at + 1;
  }
  const kept = orderWithinGenerations(order, starts, tables);
  return { entries: { count: kept.length, ...tables.entries.gather(kept) }, entryStart: starts };
}

/**
 * Sorts each generation's rows by the hash of their key, in place, and drops a key's second row; `starts` is moved along, and an
 * account whose row is dropped for one of another workspace is marked.
 * @returns the rows that are left
 */
function orderWithinGenerations(order: Int32Array, starts: Int32Array, tables: ViewTables): Int32Array {
  const { keys } = tables;
  const { isOverlaid } = tables.accounts.columns;
  const { keyHash, key, n, type, isPosting, content, workspace } = tables.entries.columns;
  const sameKey = (left: number, right: number): boolean =>
    keyHash[left] === keyHash[right] &&
    key[left] === key[right] &&
    n[left] === n[right] &&
    (key[left] !== -1 || type[left] === type[right]);
  const compare = (left: number, right: number): number =>
    (keyHash[left] ?? 0) - (keyHash[right] ?? 0) ||
    textOrder(keys, key[left] ?? 0, key[right] ?? 0) ||
    (isPosting[left] ?? 0) - (isPosting[right] ?? 0) ||
    // Two accounts that are about to post one key: which one counts must not depend on which came first.
    (content[left] ?? 0) - (content[right] ?? 0);
  let kept = 0;
  for (let group = 0; group + 1 < starts.length; group += 1) {
    const start = starts[group] ?? 0;
    const end = starts[group + 1] ?? 0;
    sortRange(order, start, end, compare);
    starts[group] = kept;
    for (let at = start; at < end; at += 1) {
      const row = order[at] ?? 0;
      // Where a key comes twice the ledger's own row stands before the account's, and that is the one to keep.
      const counting = order[kept - 1] ?? 0;
      if (at > start && sameKey(row, counting)) {
        if (workspace[row] !== workspace[counting]) isOverlaid[workspace[row] ?? 0] = 1;
        continue;
      }
      order[kept] = row;
      kept += 1;
    }
  }
  starts[starts.length - 1] = kept;
  return order.subarray(0, kept);
}

function textOrder(keys: IdTable, left: number, right: number): number {
  if (left === right || left < 0 || right < 0) return left === right ? 0 : left - right;
  return keys.text(left) < keys.text(right) ? -1 : 1;
}

/** Generations have a handful of entries; only the row of the entries without a generation is long. */
const INSERTION_MAX = 24;

function sortRange(
  order: Int32Array,
  start: number,
  end: number,
  compare: (left: number, right: number) => number,
): void {
  if (end - start > INSERTION_MAX) {
    order.subarray(start, end).sort(compare);
    return;
  }
  for (let at = start + 1; at < end; at += 1) {
    const row = order[at] ?? 0;
    let to = at;
    while (to > start && compare(order[to - 1] ?? 0, row) > 0) {
      order[to] = order[to - 1] ?? 0;
      to -= 1;
    }
    order[to] = row;
  }
}

/**
 * A generation that no job names belongs to the job that its entries name: a job that is cancelled before its first attempt
 * and asked for anew keeps no trace of the generation it had.
 */
function adoptGenerations(view: LedgerView): void {
  const { generations, entries, jobs } = view;
  for (let generation = 0; generation < generations.count; generation += 1) {
    if (generations.outcome[generation] !== NO_JOB || view.generationIds.text(generations.id[generation] ?? 0) === '')
      continue;
    const end = generations.entryStart[generation + 1] ?? 0;
    for (let entry = generations.entryStart[generation] ?? 0; entry < end; entry += 1) {
      const job = entries.job[entry] ?? -1;
      const presence = job < 0 ? 0 : (jobs.presence[job] ?? 0);
      if (presence === 0) continue;
      generations.job[generation] = job;
      generations.outcome[generation] = presence === 1 ? RELEASED : UNKNOWN;
      generations.price[generation] = -1;
      generations.due[generation] = -1;
      generations.isAdopted[generation] = 1;
      break;
    }
  }
}

function markStanding(view: LedgerView, pending: PendingColumns): void {
  const { entryStart } = view.generations;
  for (let row = 0; row < pending.count; row += 1) {
    const generation = pending.generation[row] ?? 0;
    const key = view.keys.text(pending.key[row] ?? 0);
    for (let entry = entryStart[generation] ?? 0; entry < (entryStart[generation + 1] ?? 0); entry += 1) {
      if (entryKeyOf(view, entry) === key) pending.isStanding[row] = 1;
    }
  }
}
