import { sumWorkspaces } from '../reconcile.ts';
import { isNoGeneration } from '../rows.ts';
import { entryKeyOf, generationIdOf, type LedgerView } from '../view.ts';

/** A view with what finds its rows by ids: made when it is first asked for, and kept with the view. */
export class IndexedView {
  readonly view: LedgerView;
  #rowOfId: Int32Array | null = null;
  #ledger: Float64Array | null = null;
  #postings: readonly number[] | null = null;
  #overlaid: readonly string[] | null = null;

  constructor(view: LedgerView) {
    this.view = view;
  }

  /** What the entries of each workspace add up to, by its index. */
  get ledgerOfWorkspace(): Float64Array {
    return (this.#ledger ??= sumWorkspaces(this.view));
  }

  /** Rows of the entries that accounts contain and the ledger does not. */
  get postings(): readonly number[] {
    if (this.#postings === null) {
      const { isPosting, count } = this.view.entries;
      const rows: number[] = [];
      for (let row = 0; row < count; row += 1) if (isPosting[row] === 1) rows.push(row);
      this.#postings = rows;
    }
    return this.#postings;
  }

  /** The row of a generation by its id, -1 where the view has none. */
  generationRow(id: string): number {
    const index = this.view.generationIds.find(id);
    return index < 0 ? -1 : (this.#rows()[index] ?? -1);
  }

  /** The row of the entries that belong to no generation. */
  get unboundRow(): number {
    return this.#rows()[0] ?? -1;
  }

  /** The rows of entries with these keys: one for each, or two where an account still contains what the ledger has under another generation. */
  entryRows(keys: Iterable<string>): readonly number[] {
    const { entries, generations } = this.view;
    const rows: number[] = [];
    const odd = new Uint8Array(this.view.keys.size);
    let isAnyOdd = false;
    for (const key of keys) {
      const index = this.view.keys.find(key);
      if (index >= 0) {
        odd[index] = 1;
        isAnyOdd = true;
      }
      const row = this.generationRow(generationPartOf(key));
      if (row < 0 || isNoGeneration(this.view, row)) continue;
      const end = generations.entryStart[row + 1] ?? 0;
      for (let entry = generations.entryStart[row] ?? 0; entry < end; entry += 1) {
        if (entries.key[entry] === -1 && entryKeyOf(this.view, entry) === key) rows.push(entry);
      }
    }
    if (!isAnyOdd) return rows;
    const { key, count } = entries;
    for (let entry = 0; entry < count; entry += 1) {
      const index = key[entry] ?? -1;
      if (index >= 0 && odd[index] === 1) rows.push(entry);
    }
    return rows;
  }

  /** The workspaces that entries with these keys belonged to. */
  workspacesOfEntries(keys: Iterable<string>): ReadonlySet<string> {
    const { entries, workspaces } = this.view;
    return new Set(this.entryRows(keys).map((row) => workspaces.text(entries.workspace[row] ?? 0)));
  }

  /**
   * Accounts of which the view does not have everything that they are about to post, because the same key counts elsewhere: whatever
   * becomes of the one that counts, they must be read again.
   */
  get overlaidWorkspaces(): readonly string[] {
    const { accounts, workspaces } = this.view;
    this.#overlaid ??= [...accounts.isOverlaid.keys()]
      .filter((row) => accounts.isOverlaid[row] === 1)
      .map((row) => workspaces.text(row));
    return this.#overlaid;
  }

  /** The job that a generation belongs to, null where there is none. */
  ownerOf(generationId: string): string | null {
    const job = this.view.generations.job[this.generationRow(generationId)] ?? -1;
    return job < 0 ? null : this.view.jobIds.text(job);
  }

  /** The id of a generation's row; the row of the entries without one has the empty id. */
  generationId(row: number): string {
    return generationIdOf(this.view, row) ?? '';
  }

  #rows(): Int32Array {
    if (this.#rowOfId === null) {
      const { id } = this.view.generations;
      const rows = new Int32Array(this.view.generationIds.size).fill(-1);
      for (let row = 0; row < id.length; row += 1) rows[id[row] ?? 0] = row;
      this.#rowOfId = rows;
    }
    return this.#rowOfId;
  }
}

/** What stands before the last two colons of a key: its generation, where the key has the agreed form. */
function generationPartOf(key: string): string {
  const last = key.lastIndexOf(':');
  const first = last <= 0 ? -1 : key.lastIndexOf(':', last - 1);
  return first < 0 ? '' : key.slice(0, first);
}
