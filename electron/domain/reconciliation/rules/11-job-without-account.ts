import { counted } from '../../counted.ts';
import { shownCredits } from '../../credits.ts';
import type { Rule } from '../rule.ts';

/** Jobs that cost something in a workspace that has no account. One finding a workspace, however many jobs it has. */
export const jobWithoutAccount: Rule = {
  number: 11,
  name: 'job_without_account',
  title: 'Job without account',
  sentence: 'A workspace has jobs that cost credits, and no credit account.',
  evidence: 'The jobs of the workspace, and that there is no account of its name.',
  cases: {
    never_opened: {
      sentence: 'The ledger of the workspace adds up to nothing: an account was never opened.',
      mend: 'adjustment',
    },
    lost: { sentence: 'The ledger of the workspace adds up to something: the account is gone.', mend: 'accept' },
  },
  scan({ view, ledgerOfWorkspace }, report) {
    const { jobs, generations, accounts } = view;
    const counts = new Map<number, { count: number; first: string }>();
    for (let job = 0; job < jobs.presence.length; job += 1) {
      const workspace = jobs.workspace[job] ?? 0;
      if (jobs.presence[job] !== 1 || accounts.isPresent[workspace] === 1) continue;
      if ((generations.price[jobs.generation[job] ?? 0] ?? 0) <= 0) continue;
      const id = view.jobIds.text(job);
      const standing = counts.get(workspace);
      if (standing === undefined) counts.set(workspace, { count: 1, first: id });
      else counts.set(workspace, { count: standing.count + 1, first: id < standing.first ? id : standing.first });
    }
    for (const [workspace, { count, first }] of counts) {
      const total = ledgerOfWorkspace[workspace] ?? 0;
      report.workspace(workspace, {
        case: total === 0 ? 'never_opened' : 'lost',
        credits: total,
        evidence: `${counted(count, 'job')} (the first is ${first}) and no account; the ledger adds up to ${shownCredits(total)}.`,
      });
    }
  },
};
