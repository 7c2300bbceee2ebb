import type { EntryType } from '../ledger.ts';
import type { GenerationOutcome } from './facts.ts';
import type { IdList } from './id-table.ts';

/** Entry types by their code in a column. The order is part of the view's file format. */
export const ENTRY_TYPES = [
  'grant',
  'reserve',
  'capture',
  'release',
  'refund',
  'adjust',
] as const satisfies readonly EntryType[];
export const GRANT = 0;
export const RESERVE = 1;
export const CAPTURE = 2;
export const RELEASE = 3;
export const REFUND = 4;
export const ADJUST = 5;

/** Outcomes by their code in a column; `NO_JOB` is a generation that no job knows. */
export const OUTCOMES = ['none', 'open', 'completed', 'released', 'captured', 'unknown'] as const satisfies readonly (
  GenerationOutcome | 'none'
)[];
export const NO_JOB = 0;
export const OPEN = 1;
export const COMPLETED = 2;
export const RELEASED = 3;
export const CAPTURED = 4;
export const UNKNOWN = 5;

/** The code of an entry type. */
export function entryTypeCode(type: EntryType): number {
  return ENTRY_TYPES.indexOf(type);
}

/** Ledger entries, ordered by generation and then by the hash of their key. */
export interface EntryColumns {
  readonly count: number;
  /** Row in the generation columns. */
  readonly generation: Int32Array;
  readonly workspace: Int32Array;
  /** Index in `jobs`, -1 for an entry that names none. */
  readonly job: Int32Array;
  readonly type: Uint8Array;
  /** The last part of a key `<generationId>:<type>:<n>`; 0 where the key has another form and stands in `keys`. */
  readonly n: Uint32Array;
  /** Index in `keys`, -1 for a key of the agreed form. */
  readonly key: Int32Array;
  readonly credits: Float64Array;
  readonly atMs: Float64Array;
  /** Months since year 0, see {@link periodCode}. */
  readonly period: Uint16Array;
  readonly keyHash: Float64Array;
  /** Hash of everything that the entry says. */
  readonly content: Float64Array;
  /** 1 for an entry that an account already contains and that does not stand in the ledger yet. */
  readonly isPosting: Uint8Array;
}

/** Generations, ordered by the hash of their id, so that two views of one ledger have one order. Row 0 may be the entries without a generation. */
export interface GenerationColumns {
  readonly count: number;
  /** Index in `generationIds`. */
  readonly id: Int32Array;
  readonly hash: Float64Array;
  /** Index in `jobs`, -1 where no job knows it. */
  readonly job: Int32Array;
  readonly outcome: Uint8Array;
  /** 1 where no job names it and it was given to the job that its entries name. */
  readonly isAdopted: Uint8Array;
  /** -1 where it is not kept. */
  readonly price: Float64Array;
  /** What is captured for it once it is delivered; -1 where it is not kept. */
  readonly due: Float64Array;
  readonly startedAtMs: Float64Array;
  readonly costMicroUsd: Float64Array;
  /** Where its entries begin; one more than there are generations. */
  readonly entryStart: Int32Array;
}

/** Jobs by their index in `jobs`. */
export interface JobColumns {
  /** 0 where entries name it and it is not there, 1 for a job, 2 for a document that is no job. */
  readonly presence: Uint8Array;
  readonly workspace: Int32Array;
  /** Index in `kinds`. */
  readonly kind: Int32Array;
  readonly isOver: Uint8Array;
  /** 0 where it has no lease. */
  readonly leaseExpiresAtMs: Float64Array;
  /** Row of its current generation, -1 for a document that is no job. */
  readonly generation: Int32Array;
}

/** Accounts by the index of their workspace. */
export interface AccountColumns {
  readonly isPresent: Uint8Array;
  readonly available: Float64Array;
  readonly held: Float64Array;
  /** What the entries of the account add up to that were left out of this view. */
  readonly otherLedger: Float64Array;
  /** What the reservations of the account add up to that were left out of this view. */
  readonly otherHeld: Float64Array;
  /** 1 where something that the account is about to post is left out, because the ledger or another account has that key in another workspace. */
  readonly isOverlaid: Uint8Array;
}

/** Reservations in the accounts. */
export interface HoldColumns {
  readonly count: number;
  readonly generation: Int32Array;
  readonly workspace: Int32Array;
  readonly credits: Float64Array;
  readonly atMs: Float64Array;
}

/** Entries that jobs say they still owe. */
export interface PendingColumns {
  readonly count: number;
  readonly generation: Int32Array;
  readonly job: Int32Array;
  readonly type: Uint8Array;
  /** Index in `keys`. */
  readonly key: Int32Array;
  readonly credits: Float64Array;
  readonly atMs: Float64Array;
  /** 1 where the entry already stands in the ledger and only the job does not know it. */
  readonly isStanding: Uint8Array;
}

/**
 * Jobs, accounts and ledger of a deployment as sorted columns: what every rule reads. The same documents give the same view
 * in whatever order they came.
 */
export interface LedgerView {
  readonly workspaces: IdList;
  readonly jobIds: IdList;
  readonly kinds: IdList;
  readonly generationIds: IdList;
  readonly keys: IdList;
  readonly entries: EntryColumns;
  readonly generations: GenerationColumns;
  readonly jobs: JobColumns;
  readonly accounts: AccountColumns;
  readonly holds: HoldColumns;
  readonly pending: PendingColumns;
}

/** A month (`2026-10`) as a number that can be compared. */
export function periodCode(period: string): number {
  return Number(period.slice(0, 4)) * 12 + Number(period.slice(5, 7)) - 1;
}

/** The month that a {@link periodCode} stands for. */
export function periodOfCode(code: number): string {
  return `${String(Math.floor(code / 12)).padStart(4, '0')}-${String((code % 12) + 1).padStart(2, '0')}`;
}

/** The id of a generation by its row, null for the row of the entries that have none. */
export function generationIdOf(view: LedgerView, generation: number): string | null {
  const id = view.generationIds.text(view.generations.id[generation] ?? -1);
  return id === '' ? null : id;
}

/** The idempotency key of an entry by its row. */
export function entryKeyOf(view: LedgerView, entry: number): string {
  const { entries } = view;
  const key = entries.key[entry] ?? -1;
  if (key >= 0) return view.keys.text(key);
  const generationId = generationIdOf(view, entries.generation[entry] ?? -1) ?? '';
  return `${generationId}:${ENTRY_TYPES[entries.type[entry] ?? 0] ?? ''}:${entries.n[entry] ?? 0}`;
}

/** What an entry adds to `available + held` of its account. */
export function netOfEntry(entries: EntryColumns, entry: number): number {
  const type = entries.type[entry] ?? 0;
  const credits = entries.credits[entry] ?? 0;
  if (type === CAPTURE) return -credits;
  return type === RESERVE || type === RELEASE ? 0 : credits;
}
