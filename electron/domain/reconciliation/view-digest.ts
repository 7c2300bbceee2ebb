import { hashText, mixNumber } from './hash53.ts';
import type { IdList } from './id-table.ts';
import type { LedgerView } from './view.ts';

/**
 * Columns that are equal for two views of the same documents, in whatever order those came, and differ as soon as one of
 * them says something else: what the digest of a run's inputs is taken over. Whoever takes it hashes the bytes of these
 * columns in this order.
 */
export function digestColumns(view: LedgerView): readonly Float64Array[] {
  const { entries, generations, jobs, accounts, holds, pending } = view;
  const workspaces = hashesOf(view.workspaces);
  const jobIds = hashesOf(view.jobIds);
  const kinds = hashesOf(view.kinds);
  const keys = hashesOf(view.keys);
  const generationRows = rowHashes(generations.count, (row) => [
    generations.hash[row] ?? 0,
    jobIds[generations.job[row] ?? -1] ?? -1,
    generations.outcome[row] ?? 0,
    generations.price[row] ?? 0,
    generations.startedAtMs[row] ?? 0,
    generations.costMicroUsd[row] ?? 0,
  ]);
  const jobRows = rowHashes(jobs.presence.length, (row) => [
    jobIds[row] ?? 0,
    jobs.presence[row] ?? 0,
    jobs.presence[row] === 1 ? (workspaces[jobs.workspace[row] ?? 0] ?? 0) : 0,
    jobs.presence[row] === 1 ? (kinds[jobs.kind[row] ?? 0] ?? 0) : 0,
    jobs.isOver[row] ?? 0,
    jobs.leaseExpiresAtMs[row] ?? 0,
    jobs.presence[row] === 1 ? (generations.hash[jobs.generation[row] ?? 0] ?? 0) : 0,
  ]);
  const accountRows = rowHashes(accounts.isPresent.length, (row) => [
    workspaces[row] ?? 0,
    accounts.isPresent[row] ?? 0,
    accounts.available[row] ?? 0,
    accounts.held[row] ?? 0,
    accounts.otherLedger[row] ?? 0,
  ]);
  const holdRows = rowHashes(holds.count, (row) => [
    generations.hash[holds.generation[row] ?? 0] ?? 0,
    workspaces[holds.workspace[row] ?? 0] ?? 0,
    holds.credits[row] ?? 0,
    holds.atMs[row] ?? 0,
  ]);
  const pendingRows = rowHashes(pending.count, (row) => [
    keys[pending.key[row] ?? 0] ?? 0,
    jobIds[pending.job[row] ?? 0] ?? 0,
    pending.type[row] ?? 0,
    pending.credits[row] ?? 0,
    pending.atMs[row] ?? 0,
  ]);
  // Generations and entries stand in the view's own order; the rest came in the order of arrival and is sorted here.
  return [
    generationRows,
    entries.keyHash,
    entries.content,
    Float64Array.from(entries.isPosting),
    ...[jobRows, accountRows, holdRows, pendingRows].map((rows) => rows.sort()),
  ];
}

function rowHashes(count: number, fields: (row: number) => readonly number[]): Float64Array {
  const hashes = new Float64Array(count);
  for (let row = 0; row < count; row += 1) hashes[row] = fields(row).reduce(mixNumber, 1);
  return hashes;
}

function hashesOf(ids: IdList): Float64Array {
  return Float64Array.from({ length: ids.size }, (_, index) => hashText(ids.text(index)));
}
