import { shownCredits } from '../../credits.ts';
import { holdsByGeneration, holdsByWorkspace } from '../rows.ts';
import type { Report, Rule, RuleInput } from '../rule.ts';
import { OPEN } from '../view.ts';

/** The account does not say what its ledger says. */
export const accountDiffers: Rule = {
  number: 14,
  name: 'account_differs',
  title: 'Account differs from its ledger',
  sentence: 'The figures of the account are not what its entries add up to.',
  evidence: 'Available and held of the account, its single holds, and the sum of its entries.',
  cases: {
    total: { sentence: 'Available and held together are not the sum of the ledger.', mend: 'adjustment' },
    held: { sentence: 'Held is not the sum of the single holds.', mend: 'accept' },
    hold: { sentence: 'The hold of a generation under way is not what its entries leave.', mend: 'accept' },
    no_account: {
      sentence: 'The ledger adds up to something, and there is neither an account nor a job.',
      mend: 'accept',
    },
  },
  scan(input, report) {
    scanAccounts(input, report);
    scanHolds(input, report);
  },
};

function scanAccounts({ view, ledgerOfWorkspace }: RuleInput, report: Report): void {
  const { accounts, jobs } = view;
  const held = holdsByWorkspace(view);
  const hasJobs = new Uint8Array(accounts.isPresent.length);
  jobs.presence.forEach((presence, job) => {
    if (presence === 1) hasJobs[jobs.workspace[job] ?? 0] = 1;
  });
  for (let row = 0; row < accounts.isPresent.length; row += 1) {
    const ledger = ledgerOfWorkspace[row] ?? 0;
    if (accounts.isPresent[row] === 0) {
      // With jobs it is the matter of `job_without_account`.
      if (ledger !== 0 && hasJobs[row] === 0) {
        const evidence = `No account; the ledger adds up to ${ledger}.`;
        report.workspace(row, { case: 'no_account', credits: ledger, evidence });
      }
      continue;
    }
    const total = (accounts.available[row] ?? 0) + (accounts.held[row] ?? 0);
    if (total !== ledger) {
      const evidence = `The account has ${shownCredits(total)}, the ledger adds up to ${shownCredits(ledger)}.`;
      report.workspace(row, { case: 'total', credits: ledger - total, evidence });
    }
    if (accounts.held[row] !== held[row]) {
      const evidence = `Held ${shownCredits(accounts.held[row] ?? 0)}, the holds add up to ${shownCredits(held[row] ?? 0)}.`;
      report.workspace(row, { case: 'held', credits: 0, evidence });
    }
  }
}

function scanHolds({ view, totals }: RuleInput, report: Report): void {
  const { generations, jobs, accounts } = view;
  const held = holdsByGeneration(view);
  for (let row = 0; row < generations.count; row += 1) {
    if (generations.outcome[row] !== OPEN || totals.isMoving[row] === 1) continue;
    // Once something was captured the rules of captures speak.
    if (totals.captured[row] !== 0 || totals.refunded[row] !== 0) continue;
    const left = (totals.reserved[row] ?? 0) - (totals.released[row] ?? 0);
    if (left === held[row]) continue;
    if (accounts.isPresent[jobs.workspace[generations.job[row] ?? 0] ?? 0] === 0) continue;
    report.generation(row, {
      case: 'hold',
      credits: 0,
      entries: null,
      evidence: `The entries leave ${shownCredits(left)} held, the account holds ${shownCredits(held[row] ?? 0)}.`,
    });
  }
}
