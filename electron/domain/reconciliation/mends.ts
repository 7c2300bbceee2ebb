import { entryKey, periodOf, type Actor, type EntryType, type LedgerEntry } from '../ledger.ts';
import { MEND_N_STEP } from './generation-totals.ts';
import type { Finding } from './finding.ts';
import { hashText } from './hash53.ts';
import { holdsByGeneration } from './rows.ts';
import type { MendKind } from './rule.ts';
import { findRule } from './rules.ts';
import { CAPTURE, entryTypeCode, REFUND, type LedgerView } from './view.ts';

/**
 * What would mend one finding. Nothing is done by it.
 *
 * - `entries` new ledger entries, each with its idempotency key. `account_and_ledger` ones go through the charge protocol;
 *   `ledger_only` ones explain credits that the account already contains: they are inserted and move no figure.
 * - `settle` the charge protocol is driven once more for what the job, or the account, still owes.
 * - `accept` no entry can mend it: a person looks and accepts it with a reason.
 */
export type MendProposal = {
  readonly findingId: string;
  readonly kind: MendKind;
  readonly workspaceId: string | null;
  readonly jobId: string | null;
  readonly generationId: string | null;
  /** What the finding is worth, as an absolute amount. */
  readonly credits: number;
  readonly reason: string;
} & (
  | { readonly type: 'entries'; readonly effect: MendEffect; readonly entries: readonly LedgerEntry[] }
  | { readonly type: 'settle' }
  | { readonly type: 'accept' }
);

export type MendEffect = 'account_and_ledger' | 'ledger_only';

/** Who mends, and when on the server's clock. */
export interface MendContext {
  readonly at: Date;
  readonly actor: Actor;
}

/**
 * Builds a proposal for each finding, from the view in which it was found. Credits are given before they are taken, so that
 * posted in this order an account does not run dry in between.
 *
 * Keys tell what was mended: `<generationId>:<type>:<rule * 1000 + k>` with k the how-manieth mend of that rule. The same
 * finding in the same books gives the same key, so that two people who mend it post it once.
 */
export function proposeMends(
  view: LedgerView,
  findings: readonly Finding[],
  context: MendContext,
): readonly MendProposal[] {
  const draft = new MendDraft(view, context);
  // Negative availability comes last: what it lacks depends on what the other mends give and take.
  const [last, first] = [findings.filter(isBelowZero), findings.filter((finding) => !isBelowZero(finding))];
  const proposals = [...first, ...last].map((finding) => draft.propose(finding));
  return proposals.toSorted((left, right) => rank(left) - rank(right));
}

function isBelowZero(finding: Finding): boolean {
  return finding.rule === 'negative_availability';
}

function rank(proposal: MendProposal): number {
  if (proposal.type !== 'entries') return 2;
  return proposal.entries.some((entry) => availableChange(entry) < 0) ? 1 : 0;
}

/** What an entry does to the credits that are available; a capture takes from what is held. */
function availableChange(entry: LedgerEntry): number {
  switch (entry.type) {
    case 'reserve':
      return -entry.credits;
    case 'capture':
      return 0;
    case 'grant':
    case 'release':
    case 'refund':
    case 'adjust':
      return entry.credits;
  }
}

/**
 * What stands in the place of a generation in the keys of mends of a whole workspace. The view that they are proposed from must
 * have the entries of this owner, so that a second mend gets a key of its own.
 */
export function mendOwnerOf(finding: Pick<Finding, 'rule' | 'workspaceId'>): string {
  // A workspace's id may hold characters that a key must not; its hash does not.
  return `mend-${findRule(finding.rule)?.number ?? 0}-${hashText(finding.workspaceId ?? '').toString(36)}`;
}

class MendDraft {
  readonly #view: LedgerView;
  readonly #context: MendContext;
  #holds: Float64Array | null = null;
  #rowOfId: Int32Array | null = null;
  /** What the proposals so far do to the available credits of a workspace. */
  readonly #changes = new Map<string, number>();

  constructor(view: LedgerView, context: MendContext) {
    this.#view = view;
    this.#context = context;
  }

  propose(finding: Finding): MendProposal {
    const rule = findRule(finding.rule);
    const kind = rule?.cases[finding.case]?.mend ?? 'accept';
    const base = {
      findingId: finding.id,
      kind,
      workspaceId: finding.workspaceId,
      jobId: finding.jobId,
      generationId: finding.generationId,
      credits: Math.abs(finding.credits),
      reason: `${rule?.title ?? finding.rule}: ${finding.evidence}`.slice(0, 500),
    };
    if (kind === 'accept' || finding.workspaceId === null) return { ...base, kind: 'accept', type: 'accept' };
    if (kind === 'settle') return { ...base, type: 'settle' };
    if (this.#isPaidElsewhere(finding)) return { ...base, kind: 'accept', type: 'accept' };
    const effect = finding.rule === 'account_differs' ? 'ledger_only' : 'account_and_ledger';
    const entries = this.#entriesFor(finding, kind).map(([type, credits]): LedgerEntry => ({
      _id: this.#keyFor(finding, type),
      workspaceId: finding.workspaceId ?? '',
      jobId: this.#isJob(finding.jobId) ? finding.jobId : null,
      generationId: finding.generationId,
      attempt: null,
      type,
      credits,
      at: this.#context.at,
      actor: this.#context.actor,
      reason: base.reason,
      period: periodOf(this.#context.at),
    }));
    const change = effect === 'ledger_only' ? 0 : entries.reduce((sum, entry) => sum + availableChange(entry), 0);
    this.#changes.set(finding.workspaceId, (this.#changes.get(finding.workspaceId) ?? 0) + change);
    return { ...base, type: 'entries', effect, entries };
  }

  /** True where another workspace than the finding's has paid or was given back, as where a job was moved since: a person decides whose it is. */
  #isPaidElsewhere({ generationId, workspaceId }: Finding): boolean {
    const { entries, generations, workspaces } = this.#view;
    const row = generationId === null ? -1 : this.#rowOf(generationId);
    if (row < 0) return false;
    const owner = workspaces.find(workspaceId ?? '');
    for (let entry = generations.entryStart[row] ?? 0; entry < (generations.entryStart[row + 1] ?? 0); entry += 1) {
      const type = entries.type[entry];
      if ((type === CAPTURE || type === REFUND) && entries.workspace[entry] !== owner) return true;
    }
    return false;
  }

  #entriesFor(
    finding: Finding,
    kind: 'refund' | 'release' | 'capture_owed' | 'adjustment',
  ): readonly [EntryType, number][] {
    switch (kind) {
      case 'refund':
        return [['refund', finding.credits]];
      case 'release':
        return [['release', finding.credits]];
      case 'capture_owed': {
        const price = -finding.credits;
        const missing = price - this.#heldFor(finding.generationId);
        return missing > 0
          ? [
              ['reserve', missing],
              ['capture', price],
            ]
          : [['capture', price]];
      }
      case 'adjustment':
        return this.#adjustmentFor(finding);
    }
  }

  #adjustmentFor(finding: Finding): readonly [EntryType, number][] {
    if (isBelowZero(finding)) {
      const projected = finding.credits + (this.#changes.get(finding.workspaceId ?? '') ?? 0);
      return projected < 0 ? [['adjust', -projected]] : [];
    }
    // The account has it and the ledger does not say why: the entry that says so is the opposite of what is "owed".
    if (finding.rule === 'account_differs') return [['adjust', -finding.credits]];
    return [['adjust', finding.rule === 'job_without_account' ? 0 : finding.credits]];
  }

  #keyFor(finding: Finding, type: EntryType): string {
    const rule = findRule(finding.rule)?.number ?? 0;
    if (finding.generationId !== null) {
      return entryKey(
        finding.generationId,
        type,
        rule * MEND_N_STEP + 1 + this.#mendsStanding(finding.generationId, type, rule),
      );
    }
    const owner = mendOwnerOf(finding);
    let k = 1;
    while (this.#view.keys.find(entryKey(owner, type, k)) >= 0) k += 1;
    return entryKey(owner, type, k);
  }

  #mendsStanding(generationId: string, type: EntryType, rule: number): number {
    const { entries, generations } = this.#view;
    const row = this.#rowOf(generationId);
    if (row < 0) return 0;
    let standing = 0;
    for (let entry = generations.entryStart[row] ?? 0; entry < (generations.entryStart[row + 1] ?? 0); entry += 1) {
      const isOfRule = Math.floor((entries.n[entry] ?? 0) / MEND_N_STEP) === rule;
      if (isOfRule && entries.type[entry] === entryTypeCode(type)) standing += 1;
    }
    return standing;
  }

  #heldFor(generationId: string | null): number {
    this.#holds ??= holdsByGeneration(this.#view);
    return generationId === null ? 0 : (this.#holds[this.#rowOf(generationId)] ?? 0);
  }

  #rowOf(generationId: string): number {
    const id = this.#view.generationIds.find(generationId);
    if (id < 0) return -1;
    this.#rowOfId ??= invert(this.#view.generations.id, this.#view.generationIds.size);
    return this.#rowOfId[id] ?? -1;
  }

  #isJob(jobId: string | null): boolean {
    if (jobId === null) return false;
    const index = this.#view.jobIds.find(jobId);
    return index >= 0 && this.#view.jobs.presence[index] !== 0;
  }
}

function invert(idOfRow: Int32Array, ids: number): Int32Array {
  const rows = new Int32Array(ids).fill(-1);
  idOfRow.forEach((id, row) => (rows[id] = row));
  return rows;
}
