import type { OwnerEntry } from '#contract/owner-views.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { ok } from '#domain/result.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';

/** Workspaces and users: answered from the offline copy, whether or not there is a server. */
export function ownerHandlers(copy: ReadCopy): HandlersOf<'owner'> {
  return {
    'owner.get': async ({ owner, id }, { signal }) => {
      const reader = copy(signal);
      const totals = await reader.ownerTotals(owner, id);
      if (!totals.ok) return totals;
      const account = owner === 'workspace' ? await reader.account(id) : ok(null);
      if (!account.ok) return account;
      const workspaceIds = owner === 'user' ? await reader.workspacesOfUser(id) : ok([]);
      if (!workspaceIds.ok) return workspaceIds;
      const { earnedCredits, ...figures } = totals.value;
      return ok({
        ...figures,
        spentCredits: earnedCredits,
        account:
          account.value === null
            ? null
            : { availableCredits: account.value.available, heldCredits: account.value.held },
        workspaceIds: workspaceIds.value,
      });
    },
    'owner.find': async ({ beginning, limit }, { signal }) => {
      const reader = copy(signal);
      const workspaceIds = await reader.ownersBeginning('workspace', beginning, limit);
      if (!workspaceIds.ok) return workspaceIds;
      const userIds = await reader.ownersBeginning('user', beginning, limit);
      return userIds.ok ? ok({ workspaceIds: workspaceIds.value, userIds: userIds.value }) : userIds;
    },
    'owner.ledger': async ({ owner, id, ...place }, { signal }) => {
      const page = await copy(signal).ownerLedger(owner, id, place);
      if (!page.ok) return page;
      return ok({ entries: page.value.entries.map(toOwnerEntry), nextCursor: page.value.nextCursor });
    },
  };
}

function toOwnerEntry({ _id: key, type, credits, at, attempt, actor, reason, jobId }: LedgerEntry): OwnerEntry {
  return { key, type, credits, atMs: at.getTime(), attempt, actor, reason, jobId };
}
