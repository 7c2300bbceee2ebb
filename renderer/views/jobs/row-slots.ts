/** A row in the place of the page that shows it. */
export interface PlacedRow {
  /** Names the place for as long as it is there. */
  readonly slot: number;
  /** Which of the given rows stands there. */
  readonly index: number;
}

/**
 * Gives rows places of the page. A row keeps its place for as long as it is given; one that comes takes the place of one that is no
 * longer there, whose elements are then changed in place of being made anew. While rows are in motion the places keep their order in
 * the page, because moving an element costs about what making it does; at rest they stand in the order of the rows.
 */
export class RowSlots {
  #slots = new Map<string, number>();
  /** The places as they follow one another in the page. */
  #order: readonly number[] = [];
  #last = 0;

  /**
   * The rows of these ids, each of which occurs once, in the order in which they are to stand in the page. Asking again for the same
   * changes nothing.
   */
  place(ids: readonly string[], isAtRest: boolean): readonly PlacedRow[] {
    const wanted = new Set(ids);
    const kept = new Map([...this.#slots].filter(([id]) => wanted.has(id)));
    const taken = new Set(kept.values());
    const free = this.#order.filter((slot) => !taken.has(slot)).values();
    const indexOf = new Map<number, number>();
    this.#slots = new Map(
      ids.map((id, index) => {
        const slot = kept.get(id) ?? free.next().value ?? (this.#last += 1);
        indexOf.set(slot, index);
        return [id, slot] as const;
      }),
    );
    const before = this.#order.filter((slot) => indexOf.has(slot));
    const standing = new Set(before);
    const added = [...indexOf.keys()].filter((slot) => !standing.has(slot));
    this.#order = isAtRest ? [...indexOf.keys()] : [...before, ...added];
    return this.#order.map((slot) => ({ slot, index: indexOf.get(slot) ?? 0 }));
  }
}
