import { netCreditsOf, type CreditAccount, type LedgerEntry } from './ledger.ts';
import { assertNever } from './result.ts';

/** What became of one entry that was to be posted to an account. */
export type PostingOutcome =
  /** The account's figures now contain it; it must be inserted into the ledger. */
  | { readonly type: 'applied'; readonly entry: LedgerEntry }
  /** The account's figures already contained it and its ledger entry may be missing; insert it, a duplicate key is fine. */
  | { readonly type: 'in_posting'; readonly entry: LedgerEntry }
  /** It already stands in the ledger; nothing is to be done. */
  | { readonly type: 'already_posted'; readonly entry: LedgerEntry }
  /** Refused, nothing changed. `transient` refusals may succeed later (after a top-up). */
  | {
      readonly type: 'refused';
      readonly entry: LedgerEntry;
      readonly code: 'insufficient_credit' | 'no_hold' | 'key_reused' | 'period_closed';
      readonly neededCredits: number;
      readonly availableCredits: number;
    };

/** The account after posting, and the outcome of each entry in the order given. */
export interface PostingResult {
  readonly account: CreditAccount;
  readonly outcomes: readonly PostingOutcome[];
}

/**
 * Applies entries to an account, in order. Pure and idempotent: an entry is recognised by its key, in the account's own
 * `posting` or among `standing`, and then changes nothing. The caller writes the account guarded by the `version` that it
 * read before it read `standing`; that order is what makes a re-driven posting safe, because an entry that was posted and
 * settled in between has raised the version.
 *
 * A reservation that cannot be paid is refused, except where the next entry gives it back at once: the two together cost
 * nothing and use the reservation's key up.
 *
 * @param account as read from the server
 * @param entries of this account's workspace
 * @param standing the ledger entries that already stand, by key, read after the account
 * @param isLate true for a new entry that is dated in a closed month: it is refused
 */
export function postEntries(
  account: CreditAccount,
  entries: readonly LedgerEntry[],
  standing: ReadonlyMap<string, LedgerEntry>,
  isLate: (entry: LedgerEntry) => boolean = () => false,
): PostingResult {
  const draft = { ...account, holds: { ...account.holds }, posting: { ...account.posting } };
  const outcomes = entries.map((entry, index) => {
    const next = entries[index + 1];
    const isGivenBack = next !== undefined && isReleaseOf(entry, next) && !standing.has(next._id);
    return postOne(draft, entry, { standing, isGivenBack, isLate: isLate(entry) });
  });
  const changed = outcomes.some((outcome) => outcome.type === 'applied');
  return { account: changed ? { ...draft, version: account.version + 1 } : account, outcomes };
}

/** True where an entry gives back at once all that the one before it reserves. */
function isReleaseOf(reserve: LedgerEntry, entry: LedgerEntry): boolean {
  return (
    reserve.type === 'reserve' &&
    entry.type === 'release' &&
    entry.generationId === reserve.generationId &&
    entry.credits === reserve.credits
  );
}

interface PostingContext {
  readonly standing: ReadonlyMap<string, LedgerEntry>;
  readonly isGivenBack: boolean;
  readonly isLate: boolean;
}

function postOne(
  draft: CreditAccount,
  entry: LedgerEntry,
  { standing, isGivenBack, isLate }: PostingContext,
): PostingOutcome {
  const refused = (code: Extract<PostingOutcome, { type: 'refused' }>['code']): PostingOutcome => ({
    type: 'refused',
    entry,
    code,
    neededCredits: entry.credits,
    availableCredits: draft.available,
  });
  // Stripe's rule for idempotency keys: the first result is replayed, and a key that comes back with other parameters is an error.
  const known = standing.get(entry._id) ?? own(draft.posting, entry._id);
  if (known !== undefined) {
    if (!isSame(known, entry)) return refused('key_reused');
    return standing.has(entry._id) ? { type: 'already_posted', entry: known } : { type: 'in_posting', entry: known };
  }
  if (isLate) return refused('period_closed');
  const refusal = applyEntry(draft, entry, isGivenBack);
  if (refusal !== null) return refused(refusal);
  draft.posting[entry._id] = entry;
  return { type: 'applied', entry };
}

/**
 * Whether two entries of one key are one. Two jobs that a product gave one generation would otherwise share what only one of them paid for.
 * An entry that a person posted may name no job, where there is none any more.
 */
function isSame(known: LedgerEntry, entry: LedgerEntry): boolean {
  const isOtherJob = known.jobId !== null && entry.jobId !== null && known.jobId !== entry.jobId;
  return (
    !isOtherJob &&
    known.credits === entry.credits &&
    known.type === entry.type &&
    known.workspaceId === entry.workspaceId
  );
}

/** A field that somebody put there; every object also has a `constructor` and the like, and ids may be called that. */
function own<Value>(fields: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function applyEntry(
  draft: CreditAccount,
  entry: LedgerEntry,
  isGivenBack: boolean,
): 'insufficient_credit' | 'no_hold' | null {
  const generationId = entry.generationId ?? '';
  const hold = own(draft.holds, generationId);
  switch (entry.type) {
    case 'grant':
    case 'adjust':
    case 'refund':
      draft.available += netCreditsOf(entry);
      return null;
    case 'reserve':
      if (draft.available < entry.credits && !isGivenBack) return 'insufficient_credit';
      draft.available -= entry.credits;
      draft.held += entry.credits;
      draft.holds[generationId] = { credits: (hold?.credits ?? 0) + entry.credits, at: hold?.at ?? entry.at };
      return null;
    case 'capture':
    case 'release': {
      if (hold === undefined || hold.credits < entry.credits) return 'no_hold';
      const left = hold.credits - entry.credits;
      if (left === 0) delete draft.holds[generationId];
      else draft.holds[generationId] = { ...hold, credits: left };
      draft.held -= entry.credits;
      if (entry.type === 'release') draft.available += entry.credits;
      return null;
    }
    default:
      return assertNever(entry.type);
  }
}
