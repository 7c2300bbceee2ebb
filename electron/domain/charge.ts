import { shownCredits } from './credits.ts';
import type { Billing, ChargeStatus } from './job.ts';
import { entryKey, type LedgerEntry, type PendingEntry } from './ledger.ts';

/** An entry that a change owes, before it has a time and an actor: those are the change's own. */
export interface OwedEntry {
  readonly key: string;
  readonly type: PendingEntry['type'];
  readonly credits: number;
  readonly reason: string;
}

/** The reason of a release by which a generation gives back what it did not cost in the end. */
export const RELEASED_BEYOND_PRICE = 'reserved beyond the final price';

/** Why credits are reserved. */
export const RESERVED_FOR_PRICE = 'price of the generation';
/** Why a reservation that nobody needs any more is given back. */
export const STRANDED = 'stranded reservation';
const CAPTURED_AT_END = 'generation completed';
const FAILED = /^failed: [a-z_]+$/u;
const OWN_REASONS: ReadonlySet<string> = new Set([
  RELEASED_BEYOND_PRICE,
  RESERVED_FOR_PRICE,
  STRANDED,
  CAPTURED_AT_END,
]);

/** True for a reason of a ledger entry that this program writes by itself, and that so quotes nobody. */
export function isOwnReason(reason: string): boolean {
  return OWN_REASONS.has(reason) || FAILED.test(reason);
}

/** What must be reserved before the first provider call; nothing where the price is 0 or a reservation stands or is on its way. */
export function owedForReservation(billing: Billing): readonly OwedEntry[] {
  if (billing.price === 0 || billing.reserved > 0 || billing.captured > 0) return [];
  if (billing.pending.some((entry) => entry.type === 'reserve')) return [];
  return [owed(billing, 'reserve', billing.price, RESERVED_FOR_PRICE)];
}

/**
 * What a completed generation owes: the capture, and the release of what was reserved beyond it.
 * @param finalCredits what the generation costs in the end, null for the whole reservation. Never more than was reserved, a
 *   fraction is the customer's, and a figure that is no number says nothing: the whole reservation counts.
 */
export function owedForCompletion(billing: Billing, finalCredits: number | null): readonly OwedEntry[] {
  return owedForCapture(billing, CAPTURED_AT_END, finalCredits);
}

/**
 * What a generation owes that ended without an output, by the charge rule of its failure class. A reservation that is still on
 * its way is always given back: nothing ran on it. The two entries are then posted together, also where the account could not
 * pay, so that the reservation's key is used up and nobody who is late can post it alone.
 * @param finalCredits what is kept where the class keeps the charge, as for {@link owedForCompletion}
 */
export function owedForFailure(
  billing: Billing,
  charge: 'release' | 'capture',
  reason: string,
  finalCredits: number | null = null,
): readonly OwedEntry[] {
  const held = heldCreditsOf(billing);
  if (held === 0) return [];
  const isOnItsWay = billing.pending.some((entry) => entry.type === 'reserve');
  if (isOnItsWay || charge === 'release') return [owed(billing, 'release', held, reason)];
  return owedForCapture(billing, reason, finalCredits);
}

function owedForCapture(billing: Billing, reason: string, finalCredits: number | null): readonly OwedEntry[] {
  const held = heldCreditsOf(billing);
  const isKnown = finalCredits !== null && Number.isFinite(finalCredits);
  const captured = isKnown ? Math.min(Math.max(Math.floor(finalCredits), 0), held) : held;
  return [
    ...(captured > 0 ? [owed(billing, 'capture', captured, reason)] : []),
    ...(held > captured ? [owed(billing, 'release', held - captured, RELEASED_BEYOND_PRICE)] : []),
  ];
}

/**
 * What is held for the job once its pending entries are posted. Holds are settled from this stored amount, never from
 * today's price list.
 */
export function heldCreditsOf(billing: Billing): number {
  return billing.pending.reduce((held, entry) => {
    if (entry.type === 'reserve') return held + entry.credits;
    return entry.type === 'capture' || entry.type === 'release' ? held - entry.credits : held;
  }, billing.reserved);
}

function owed(billing: Billing, type: PendingEntry['type'], credits: number, reason: string): OwedEntry {
  const n = 1 + billing.pending.filter((entry) => entry.type === type).length;
  return { key: entryKey(billing.generationId, type, n), type, credits, reason };
}

/**
 * The job's billing once an entry stands in the ledger: its figures contain it and it is no longer pending. An entry that is
 * not pending changes nothing.
 */
export function settlePending(billing: Billing, key: string): Billing {
  const entry = billing.pending.find((pending) => pending.key === key);
  if (entry === undefined) return billing;
  const pending = billing.pending.filter((other) => other.key !== key);
  const settled: Billing = { ...billing, pending, ...settledFigures(billing, entry) };
  return { ...settled, status: statusOfFigures(settled) };
}

function settledFigures(billing: Billing, entry: PendingEntry): Partial<Billing> {
  switch (entry.type) {
    case 'reserve':
      return { reserved: billing.reserved + entry.credits, blocked: null };
    case 'capture':
      return { reserved: billing.reserved - entry.credits, captured: billing.captured + entry.credits };
    case 'release':
      return { reserved: billing.reserved - entry.credits };
    case 'refund':
      return { refunded: billing.refunded + entry.credits };
  }
}

/** The charge status that a job's own figures say; whether account and ledger agree is for {@link proveChargeStatus} to show. */
export function statusOfFigures(billing: Pick<Billing, 'reserved' | 'captured' | 'refunded'>): ChargeStatus {
  if (billing.captured > billing.refunded) return 'charged';
  if (billing.refunded > 0) return 'refunded';
  return billing.reserved > 0 ? 'reserved' : 'not_charged';
}

/** What of a job's billing a proof rests on; of what is pending only whether there is any. */
export interface ChargeFigures extends Pick<Billing, 'price' | 'reserved' | 'captured' | 'refunded'> {
  readonly pending: { readonly length: number };
}

/** A proved charge status, or `unknown` with each piece of evidence that does not fit, in words. */
export interface ChargeProof {
  readonly status: ChargeStatus;
  readonly evidence: readonly string[];
}

/** What the ledger has of a generation, summed up by type. */
export type LedgerSums = Readonly<Record<'reserved' | 'captured' | 'released' | 'refunded', number>>;

/**
 * Proves a charge status from job, account and ledger together. Anything that contradicts makes it `unknown`, and `unknown`
 * blocks a retry. Entries still pending are taken as what they are: owed, not yet posted.
 *
 * @param billing the job's billing
 * @param entries every ledger entry of the job's generation
 * @param holdCredits what the account holds for the generation, null where the account could not be read
 */
export function proveChargeStatus(
  billing: ChargeFigures,
  entries: readonly Pick<LedgerEntry, 'type' | 'credits'>[],
  holdCredits: number | null,
): ChargeProof {
  const sum = (type: LedgerEntry['type']): number =>
    entries.filter((entry) => entry.type === type).reduce((total, entry) => total + entry.credits, 0);
  const sums = {
    reserved: sum('reserve'),
    captured: sum('capture'),
    released: sum('release'),
    refunded: sum('refund'),
  };
  return proveChargeOfSums(billing, sums, holdCredits);
}

/** The same as {@link proveChargeStatus} where the ledger's entries were summed up already. */
export function proveChargeOfSums(
  billing: ChargeFigures,
  { reserved, captured, released, refunded }: LedgerSums,
  holdCredits: number | null,
): ChargeProof {
  const evidence: string[] = [];
  const unsettled = billing.pending.length > 0;
  // A contradiction is put into words only where there is one: plans ask this of a hundred thousand jobs.
  const claim = (isTrue: boolean, contradiction: () => string): void => {
    if (!isTrue) evidence.push(contradiction());
  };
  claim(
    captured - refunded >= 0,
    () => `Refunded ${shownCredits(refunded)} of only ${shownCredits(captured)} captured.`,
  );
  claim(
    captured <= billing.price,
    () => `Captured ${shownCredits(captured)}, the price is ${shownCredits(billing.price)}.`,
  );
  claim(
    captured + released <= reserved,
    () =>
      `Captured ${shownCredits(captured)} and released ${shownCredits(released)} of only ${shownCredits(reserved)} reserved.`,
  );
  if (!unsettled) {
    claim(
      captured === billing.captured,
      () => `The ledger has ${shownCredits(captured)} captured, the job says ${shownCredits(billing.captured)}.`,
    );
    claim(
      refunded === billing.refunded,
      () => `The ledger has ${shownCredits(refunded)} refunded, the job says ${shownCredits(billing.refunded)}.`,
    );
    const held = reserved - captured - released;
    claim(
      held === billing.reserved,
      () => `The ledger leaves ${shownCredits(held)} held, the job says ${shownCredits(billing.reserved)}.`,
    );
    if (holdCredits !== null)
      claim(
        holdCredits === held,
        () => `The account holds ${shownCredits(holdCredits)}, the ledger leaves ${shownCredits(held)}.`,
      );
  }
  if (evidence.length > 0) return { status: 'unknown', evidence };
  return { status: statusOfFigures({ reserved: reserved - captured - released, captured, refunded }), evidence };
}
