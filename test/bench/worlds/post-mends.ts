import { postEntries } from '#domain/account-posting.ts';
import { settlePending } from '#domain/charge.ts';
import { entryFromPending, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import type { Acceptance } from '#domain/reconciliation/comparison.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import type { MendProposal } from '#domain/reconciliation/mends.ts';
import { AS_OF_MS } from './clean-job.ts';
import { jobOf, type World } from './world.ts';

/**
 * Posts proposals in their order by the rules of the charge protocol (`postEntries`), as the store would.
 * @returns the acceptances of what no entry can mend
 */
export function postMends(
  world: World,
  proposals: readonly MendProposal[],
  findings: readonly Finding[],
): readonly Acceptance[] {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  return proposals.flatMap((proposal): Acceptance[] => {
    switch (proposal.type) {
      case 'entries':
        for (const entry of proposal.entries) {
          if (proposal.effect === 'ledger_only') world.ledger.set(entry._id, entry);
          else postByProtocol(world, entry);
        }
        return [];
      case 'settle':
        settle(world, proposal);
        return [];
      case 'accept': {
        const credits = byId.get(proposal.findingId)?.credits ?? 0;
        return [{ findingId: proposal.findingId, credits, reason: proposal.reason, by: 'finance', atMs: AS_OF_MS }];
      }
    }
  });
}

function postByProtocol(world: World, entry: LedgerEntry): void {
  const empty: CreditAccount = { _id: entry.workspaceId, available: 0, held: 0, holds: {}, posting: {}, version: 0 };
  const { account, outcomes } = postEntries(world.accounts.get(entry.workspaceId) ?? empty, [entry], world.ledger);
  const outcome = outcomes[0];
  if (outcome?.type === 'refused') throw new Error(`${entry._id} was refused: ${outcome.code}`);
  if (outcome !== undefined) world.ledger.set(entry._id, outcome.entry);
  const { [entry._id]: _posted, ...posting } = account.posting;
  world.accounts.set(entry.workspaceId, { ...account, posting });
}

function settle(world: World, proposal: MendProposal): void {
  if (proposal.jobId === null) {
    const account = world.accounts.get(proposal.workspaceId ?? '');
    if (account === undefined) throw new Error('nothing to settle');
    for (const entry of Object.values(account.posting)) world.ledger.set(entry._id, entry);
    world.accounts.set(account._id, { ...account, posting: {} });
    return;
  }
  const job = jobOf(world, proposal.jobId);
  let billing = job.billing;
  for (const pending of job.billing.pending) {
    const names = { _id: job._id, workspaceId: job.workspaceId, generationId: billing.generationId };
    postByProtocol(world, entryFromPending(pending, names));
    billing = settlePending(billing, pending.key);
  }
  world.jobs.set(job._id, { ...job, billing });
}
