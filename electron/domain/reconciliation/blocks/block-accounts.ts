import type { AccountFacts, LedgerViewBuilder } from '../view-builder.ts';
import type { BlockMap } from './block-map.ts';

/** What an account has in one block. */
type Part = Pick<AccountFacts, 'holds' | 'posting'>;
interface GrowingPart {
  readonly holds: Record<string, AccountFacts['holds'][string]>;
  readonly posting: Record<string, AccountFacts['posting'][string]>;
}

const NO_PART: Part = { holds: {}, posting: {} };

/** The accounts of books that are judged block by block: all of them stand in memory, with their reservations. */
export class BlockAccounts {
  readonly all: ReadonlyMap<string, AccountFacts>;
  /** By block and workspace. */
  readonly #parts: readonly Map<string, GrowingPart>[];

  constructor(map: BlockMap, accounts: Iterable<AccountFacts>) {
    this.all = new Map([...accounts].map((account) => [account._id, account]));
    this.#parts = Array.from({ length: map.count }, () => new Map<string, GrowingPart>());
    for (const { _id, holds, posting } of this.all.values()) {
      for (const [id, hold] of Object.entries(holds)) this.#part(map.ofGeneration(id), _id).holds[id] = hold;
      for (const [key, entry] of Object.entries(posting)) this.#part(map.ofEntry(entry), _id).posting[key] = entry;
    }
  }

  /** Adds to a block's view the accounts that it speaks of, with what they have in this block. */
  addTo(builder: LedgerViewBuilder, block: number): void {
    const parts = this.#parts[block];
    for (const workspaceId of new Set([...builder.workspaceIds, ...(parts?.keys() ?? [])])) {
      const account = this.all.get(workspaceId);
      if (account !== undefined) builder.addAccount({ ...account, ...(parts?.get(workspaceId) ?? NO_PART) });
    }
  }

  #part(block: number, workspaceId: string): GrowingPart {
    const parts = this.#parts[block] ?? new Map<string, GrowingPart>();
    const part = parts.get(workspaceId) ?? { holds: {}, posting: {} };
    parts.set(workspaceId, part);
    return part;
  }
}
