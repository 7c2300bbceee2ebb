import { findViolations, type InvariantName } from '#domain/invariants.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { World } from './world.ts';

/**
 * What must hold of mended books as it holds of clean ones. The others speak of single entries: a second capture stays in the ledger
 * for ever, beside the refund that makes it good, and what it comes to is held by {@link unsettledCharges}.
 */
const KEPT_BY_MENDS: ReadonlySet<InvariantName> = new Set([
  'account_equals_ledger',
  'held_equals_holds',
  'hold_has_open_job',
  'never_negative',
  'history_is_legal',
  'history_has_no_gap',
  'attempts_are_closed',
]);

/**
 * The invariants of the books that mended ones break, as texts; none where the mends were right.
 * @param accepted what no entry could mend and somebody accepted: what it names is left as it was found
 */
export function violationsAfterMends(world: World, accepted: readonly Finding[]): readonly string[] {
  const excused = new Set(
    accepted.flatMap(({ subject, jobId, generationId }) => [
      subject.id,
      ...(subject.type === 'workspace' ? [] : [jobId ?? '', generationId ?? '']),
    ]),
  );
  const { jobs, accounts, ledger } = world;
  const books = { jobs: [...jobs.values()], accounts: [...accounts.values()], ledger: [...ledger.values()] };
  const broken = findViolations(books)
    .filter(({ invariant, subject }) => KEPT_BY_MENDS.has(invariant) && !excused.has(subject))
    .map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`);
  return [...broken, ...unsettledCharges(world, excused)];
}

/** Generations of jobs at their end of which captures less refunds are neither 0 nor the price. */
function unsettledCharges({ jobs, ledger }: World, excused: ReadonlySet<string>): readonly string[] {
  const byGeneration = Map.groupBy(ledger.values(), ({ generationId }) => generationId);
  return [...jobs.values()].flatMap(({ _id, state, billing }) => {
    if ((state !== 'completed' && state !== 'failed') || excused.has(_id) || excused.has(billing.generationId))
      return [];
    let [net, released] = [0, 0];
    for (const { type, credits } of byGeneration.get(billing.generationId) ?? []) {
      if (type === 'capture') net += credits;
      else if (type === 'refund' || (type === 'adjust' && credits < 0)) net -= credits;
      else if (type === 'release') released += credits;
    }
    // A metered generation takes a part of what was reserved and gives the rest back.
    const isMetered = released > 0 && net > 0 && net < billing.price;
    return net === 0 || net === billing.price || isMetered
      ? []
      : [`captures less refunds of ${billing.generationId} are ${net} of ${billing.price}`];
  });
}
