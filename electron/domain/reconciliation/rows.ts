import type { LedgerView } from './view.ts';

/** The rows of a generation's entries of one type. */
export function entriesOfType(view: LedgerView, generation: number, type: number): number[] {
  const { entryStart } = view.generations;
  const rows: number[] = [];
  for (let entry = entryStart[generation] ?? 0; entry < (entryStart[generation + 1] ?? 0); entry += 1) {
    if (view.entries.type[entry] === type) rows.push(entry);
  }
  return rows;
}

/** True for the row that gathers the entries without a generation. */
export function isNoGeneration(view: LedgerView, generation: number): boolean {
  // The builder gives the empty id the first index.
  return view.generations.id[generation] === 0;
}

/** What the accounts hold for each generation, by its row. */
export function holdsByGeneration(view: LedgerView): Float64Array {
  const held = new Float64Array(view.generations.count);
  for (let row = 0; row < view.holds.count; row += 1) {
    const generation = view.holds.generation[row] ?? 0;
    held[generation] = (held[generation] ?? 0) + (view.holds.credits[row] ?? 0);
  }
  return held;
}

/** What each account holds by its single holds, with those that the view left out, by the index of its workspace. */
export function holdsByWorkspace(view: LedgerView): Float64Array {
  const held = Float64Array.from(view.accounts.otherHeld);
  for (let row = 0; row < view.holds.count; row += 1) {
    const workspace = view.holds.workspace[row] ?? 0;
    held[workspace] = (held[workspace] ?? 0) + (view.holds.credits[row] ?? 0);
  }
  return held;
}
