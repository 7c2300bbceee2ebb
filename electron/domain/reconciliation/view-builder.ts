import type { CreditAccount, LedgerEntry } from '../ledger.ts';
import { ColumnTable } from './column-table.ts';
import { hashText, mixNumber } from './hash53.ts';
import { IdTable } from './id-table.ts';
import type { GenerationFacts, JobFacts } from './facts.ts';
import { sealView } from './view-seal.ts';
import { entryTypeCode, OUTCOMES, periodCode, type LedgerView } from './view.ts';

/**
 * An account as far as reconciliation goes. `otherLedgerCredits` and `otherHeldCredits` are what its entries and its reservations add
 * up to that are not in the view.
 */
export type AccountFacts = Pick<CreditAccount, '_id' | 'available' | 'held' | 'holds' | 'posting'> & {
  readonly otherLedgerCredits?: number;
  readonly otherHeldCredits?: number;
};

const ENTRY_TYPES_OF_COLUMNS = {
  generation: Int32Array,
  workspace: Int32Array,
  job: Int32Array,
  type: Uint8Array,
  n: Uint32Array,
  key: Int32Array,
  credits: Float64Array,
  atMs: Float64Array,
  period: Uint16Array,
  keyHash: Float64Array,
  content: Float64Array,
  isPosting: Uint8Array,
} as const;

/** The tables of a view that is being built; rows stand in order of arrival, generations under their id's index. */
export interface ViewTables {
  readonly workspaces: IdTable;
  readonly jobIds: IdTable;
  readonly kinds: IdTable;
  readonly generationIds: IdTable;
  readonly keys: IdTable;
  readonly entries: ColumnTable<typeof ENTRY_TYPES_OF_COLUMNS>;
  readonly generations: ReturnType<typeof generationTable>;
  readonly jobs: ReturnType<typeof jobTable>;
  readonly accounts: ReturnType<typeof accountTable>;
  readonly holds: ReturnType<typeof holdTable>;
  readonly pending: ReturnType<typeof pendingTable>;
}

const generationTable = () =>
  new ColumnTable({
    /** Index of the job plus 1, 0 where no job knows it. */
    jobPlusOne: Int32Array,
    outcome: Uint8Array,
    price: Float64Array,
    due: Float64Array,
    startedAtMs: Float64Array,
    costMicroUsd: Float64Array,
  } as const);
const jobTable = () =>
  new ColumnTable({
    presence: Uint8Array,
    workspace: Int32Array,
    kind: Int32Array,
    isOver: Uint8Array,
    leaseExpiresAtMs: Float64Array,
    generation: Int32Array,
  } as const);
const accountTable = () =>
  new ColumnTable({
    isPresent: Uint8Array,
    available: Float64Array,
    held: Float64Array,
    otherLedger: Float64Array,
    otherHeld: Float64Array,
    isOverlaid: Uint8Array,
  } as const);
const holdTable = () =>
  new ColumnTable({
    generation: Int32Array,
    workspace: Int32Array,
    credits: Float64Array,
    atMs: Float64Array,
  } as const);
const pendingTable = () =>
  new ColumnTable({
    generation: Int32Array,
    job: Int32Array,
    type: Uint8Array,
    key: Int32Array,
    credits: Float64Array,
    atMs: Float64Array,
    isStanding: Uint8Array,
  } as const);

/**
 * Takes jobs, accounts and entries in any order, one by one, and seals them into a {@link LedgerView}. Memory is about 60
 * bytes an entry and 100 a job beside the ids' own text. A job or an account that comes twice counts as it came last, an
 * entry that comes twice counts once.
 */
export class LedgerViewBuilder {
  readonly #tables: ViewTables = {
    workspaces: new IdTable(),
    jobIds: new IdTable(),
    kinds: new IdTable(),
    generationIds: new IdTable(),
    keys: new IdTable(),
    entries: new ColumnTable(ENTRY_TYPES_OF_COLUMNS),
    generations: generationTable(),
    jobs: jobTable(),
    accounts: accountTable(),
    holds: holdTable(),
    pending: pendingTable(),
  };

  constructor() {
    // The empty id stands for "no generation": no document may carry it, and its row is there in every view.
    this.#generation('');
  }

  addAccount(account: AccountFacts): void {
    const { accounts, holds } = this.#tables;
    const workspace = this.#workspace(account._id);
    const { isPresent, available, held, otherLedger, otherHeld } = accounts.columns;
    if (isPresent[workspace] === 1) dropRows(holds.columns.workspace, holds.count, workspace);
    isPresent[workspace] = 1;
    available[workspace] = account.available;
    held[workspace] = account.held;
    otherLedger[workspace] = account.otherLedgerCredits ?? 0;
    otherHeld[workspace] = account.otherHeldCredits ?? 0;
    for (const [generationId, hold] of Object.entries(account.holds)) {
      this.#addHold(workspace, generationId, hold.credits, hold.at.getTime());
    }
    for (const entry of Object.values(account.posting)) this.#addEntry(entry, 1);
  }

  /** A workspace without an account whose entries, that are not in the view, add up to this. */
  addMissingAccount(workspaceId: string, otherLedgerCredits: number): void {
    const workspace = this.#workspace(workspaceId);
    this.#tables.accounts.columns.otherLedger[workspace] = otherLedgerCredits;
  }

  addJob(job: JobFacts): void {
    const { jobs, kinds } = this.#tables;
    const index = this.#job(job.id);
    const workspace = this.#workspace(job.workspaceId);
    const columns = jobs.columns;
    if (columns.presence[index] === 1) dropRows(this.#tables.pending.columns.job, this.#tables.pending.count, index);
    columns.presence[index] = 1;
    columns.workspace[index] = workspace;
    columns.kind[index] = kinds.intern(job.kind);
    columns.isOver[index] = job.isOver ? 1 : 0;
    columns.leaseExpiresAtMs[index] = job.leaseExpiresAtMs ?? 0;
    for (const generation of job.generations) columns.generation[index] = this.#addGeneration(generation, index);
    for (const owed of job.pending) this.#addPending(owed, index);
  }

  /** A document of the job collection that is no job: its entries have a job, and nothing else is said of them. */
  addMalformedJob(jobId: string): void {
    const index = this.#job(jobId);
    this.#tables.jobs.columns.presence[index] = 2;
    this.#tables.jobs.columns.generation[index] = -1;
  }

  addEntry(entry: LedgerEntry): void {
    this.#addEntry(entry, 0);
  }

  /** The workspaces that anything has named so far. */
  get workspaceIds(): readonly string[] {
    return textsOf(this.#tables.workspaces);
  }

  /** The jobs that anything has named so far. */
  get jobIds(): readonly string[] {
    return textsOf(this.#tables.jobIds);
  }

  /** An entry as another view has it. */
  copyEntry(view: LedgerView, row: number): void {
    const { entries, keys } = this.#tables;
    const from = view.entries;
    const generation = this.#generation(view.generationIds.text(view.generations.id[from.generation[row] ?? 0] ?? 0));
    const workspace = this.#workspace(view.workspaces.text(from.workspace[row] ?? 0));
    const standingJob = from.job[row] ?? -1;
    const job = standingJob < 0 ? -1 : this.#job(view.jobIds.text(standingJob));
    const standingKey = from.key[row] ?? -1;
    const to = entries.push();
    const columns = entries.columns;
    columns.generation[to] = generation;
    columns.workspace[to] = workspace;
    columns.job[to] = job;
    columns.key[to] = standingKey < 0 ? -1 : keys.intern(view.keys.text(standingKey));
    for (const name of ['type', 'n', 'credits', 'atMs', 'period', 'keyHash', 'content', 'isPosting'] as const) {
      columns[name][to] = from[name][row] ?? 0;
    }
  }

  /** A reservation as another view has it, of an account that is not added itself. */
  copyHold(view: LedgerView, row: number): void {
    const { holds } = view;
    this.#addHold(
      this.#workspace(view.workspaces.text(holds.workspace[row] ?? 0)),
      view.generationIds.text(view.generations.id[holds.generation[row] ?? 0] ?? 0),
      holds.credits[row] ?? 0,
      holds.atMs[row] ?? 0,
    );
  }

  /** Sorts everything. The builder must not be used afterwards. */
  seal(): LedgerView {
    return sealView(this.#tables);
  }

  #addHold(workspace: number, generationId: string, credits: number, atMs: number): void {
    const { holds } = this.#tables;
    const generation = this.#generation(generationId);
    const row = holds.push();
    const columns = holds.columns;
    columns.generation[row] = generation;
    columns.workspace[row] = workspace;
    columns.credits[row] = credits;
    columns.atMs[row] = atMs;
  }

  #addGeneration(facts: GenerationFacts, job: number): number {
    const generation = this.#generation(facts.id);
    const { jobPlusOne, outcome, price, due, startedAtMs, costMicroUsd } = this.#tables.generations.columns;
    jobPlusOne[generation] = job + 1;
    outcome[generation] = OUTCOMES.indexOf(facts.outcome);
    price[generation] = facts.priceCredits ?? -1;
    due[generation] = facts.dueCredits ?? -1;
    startedAtMs[generation] = facts.startedAtMs;
    costMicroUsd[generation] = facts.providerCostMicroUsd;
    return generation;
  }

  #addPending(owed: JobFacts['pending'][number], job: number): void {
    const { pending, keys } = this.#tables;
    const generation = this.#generation(owed.generationId);
    const row = pending.push();
    const columns = pending.columns;
    columns.generation[row] = generation;
    columns.job[row] = job;
    columns.type[row] = entryTypeCode(owed.type);
    columns.key[row] = keys.intern(owed.key);
    columns.credits[row] = owed.credits;
    columns.atMs[row] = owed.atMs;
  }

  #addEntry(entry: LedgerEntry, isPosting: number): void {
    const { entries, keys, generationIds } = this.#tables;
    const generationId = entry.generationId ?? '';
    const generation = this.#generation(generationId);
    const workspace = this.#workspace(entry.workspaceId);
    const job = entry.jobId === null ? -1 : this.#job(entry.jobId);
    const n = generationId === '' ? 0 : keyNumber(entry._id, generationId, entry.type);
    const type = entryTypeCode(entry.type);
    const row = entries.push();
    const columns = entries.columns;
    columns.generation[row] = generation;
    columns.workspace[row] = workspace;
    columns.job[row] = job;
    columns.type[row] = type;
    columns.n[row] = n;
    columns.key[row] = n === 0 ? keys.intern(entry._id) : -1;
    columns.credits[row] = entry.credits;
    columns.atMs[row] = entry.at.getTime();
    columns.period[row] = periodCode(entry.period);
    const keyHash = n === 0 ? hashText(entry._id) : keyHashOf(generationIds.hash(generation), type, n);
    columns.keyHash[row] = keyHash;
    const subject = mixNumber(
      this.#tables.workspaces.hash(workspace),
      mixNumber(generationIds.hash(generation), job < 0 ? -1 : this.#tables.jobIds.hash(job)),
    );
    columns.content[row] = contentHashOf(entry, mixNumber(keyHash, subject), type);
    columns.isPosting[row] = isPosting;
  }

  #workspace(id: string): number {
    const index = this.#tables.workspaces.intern(id);
    this.#tables.accounts.reach(index + 1);
    return index;
  }

  #job(id: string): number {
    const index = this.#tables.jobIds.intern(id);
    this.#tables.jobs.reach(index + 1);
    return index;
  }

  #generation(id: string): number {
    const index = this.#tables.generationIds.intern(id);
    this.#tables.generations.reach(index + 1);
    return index;
  }
}

function textsOf(ids: IdTable): readonly string[] {
  return Array.from({ length: ids.size }, (_, index) => ids.text(index));
}

/** Marks the rows of an owner that comes a second time; sealing leaves them out. */
function dropRows(owners: Int32Array, count: number, owner: number): void {
  for (let row = 0; row < count; row += 1) if (owners[row] === owner) owners[row] = -1;
}

/** The hash of a key of the agreed form, from its parts. */
export function keyHashOf(generationHash: number, type: number, n: number): number {
  return mixNumber(generationHash, n * 8 + type + 1);
}

const N_MAX = 4_294_967_295;

/** The n of a key `<generationId>:<type>:<n>`, 0 for a key of another form. */
export function keyNumber(key: string, generationId: string, type: string): number {
  const start = generationId.length + type.length + 2;
  if (key.length <= start || key.length > start + 10) return 0;
  if (key.charCodeAt(start) === 48 || !key.startsWith(type, generationId.length + 1)) return 0;
  if (key.charCodeAt(generationId.length) !== 58 || key.charCodeAt(start - 1) !== 58) return 0;
  if (!key.startsWith(generationId)) return 0;
  let n = 0;
  for (let at = start; at < key.length; at += 1) {
    const digit = key.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return 0;
    n = n * 10 + digit;
  }
  return n <= N_MAX ? n : 0;
}

/** A hash over all that an entry says; `subject` already contains its key, workspace, generation and job. */
function contentHashOf(entry: LedgerEntry, subject: number, type: number): number {
  let hash = mixNumber(subject, type);
  hash = mixNumber(hash, entry.attempt ?? -1);
  hash = mixNumber(hash, entry.credits);
  hash = mixNumber(hash, entry.at.getTime());
  hash = mixNumber(hash, periodCode(entry.period));
  hash = mixNumber(hash, hashText(entry.actor.type));
  hash = mixNumber(hash, hashText(entry.actor.id));
  return mixNumber(hash, hashText(entry.reason));
}
