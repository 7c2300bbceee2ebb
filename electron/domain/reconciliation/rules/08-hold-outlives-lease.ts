import { shownCredits } from '../../credits.ts';
import type { Rule } from '../rule.ts';
import { entriesOfType } from '../rows.ts';
import { CAPTURED, COMPLETED, OPEN, RELEASED, RESERVE } from '../view.ts';

/** Credits stay locked for a generation that nobody works on any more. */
export const holdOutlivesLease: Rule = {
  number: 8,
  name: 'hold_outlives_lease',
  title: 'Hold older than any live lease',
  sentence: 'Credits of the customer stay reserved for a generation that nobody works on any more.',
  evidence: 'The hold in the account, and the state and lease of its job.',
  cases: {
    ended: { sentence: 'The generation has come to its end and owes nothing.', mend: 'release' },
    abandoned: { sentence: 'The lease ran out and nobody has rescued the job; a runner does.', mend: 'accept' },
  },
  scan({ view, totals, options }, report) {
    const { holds, generations, jobs } = view;
    for (let row = 0; row < holds.count; row += 1) {
      const generation = holds.generation[row] ?? 0;
      if (totals.isMoving[generation] === 1) continue;
      const outcome = generations.outcome[generation] ?? 0;
      const entries = entriesOfType(view, generation, RESERVE);
      if (outcome === COMPLETED || outcome === RELEASED || outcome === CAPTURED) {
        // What a capture that is still owed will consume is not idle.
        const isOwed = outcome === COMPLETED && totals.captured[generation] === 0;
        const owed = isOwed ? Math.max(0, generations.due[generation] ?? 0) : 0;
        const idle = (holds.credits[row] ?? 0) - owed;
        if (idle <= 0) continue;
        const evidence = `${shownCredits(idle)} held for a generation that has ended.`;
        report.generation(generation, { case: 'ended', credits: idle, entries, evidence });
        continue;
      }
      const job = generations.job[generation] ?? -1;
      const leaseEndMs = job < 0 ? 0 : (jobs.leaseExpiresAtMs[job] ?? 0);
      const isExpired = leaseEndMs > 0 && leaseEndMs + options.leaseGraceMs < options.asOfMs;
      if (outcome !== OPEN || !isExpired || (holds.atMs[row] ?? 0) > leaseEndMs) continue;
      const credits = holds.credits[row] ?? 0;
      const since = new Date(leaseEndMs).toISOString();
      const evidence = `${shownCredits(credits)} held; the lease ran out at ${since}.`;
      report.generation(generation, { case: 'abandoned', credits, entries, evidence });
    }
  },
};
