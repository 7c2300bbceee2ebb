/** Rows by what they belong to, as two columns: made by two passes, and asked without looking at any other row. */
export class RowIndex {
  readonly #starts: Int32Array;
  readonly #rows: Int32Array;

  /**
   * @param owners how many there are that rows may belong to
   * @param count how many rows there are
   * @param ownerOf what a row belongs to, -1 for nothing
   */
  constructor(owners: number, count: number, ownerOf: (row: number) => number) {
    const starts = new Int32Array(owners + 1);
    for (let row = 0; row < count; row += 1) {
      const owner = ownerOf(row);
      if (owner >= 0) starts[owner + 1] = (starts[owner + 1] ?? 0) + 1;
    }
    for (let owner = 0; owner < owners; owner += 1) starts[owner + 1] = (starts[owner + 1] ?? 0) + (starts[owner] ?? 0);
    const rows = new Int32Array(starts[owners] ?? 0);
    const fill = starts.slice();
    for (let row = 0; row < count; row += 1) {
      const owner = ownerOf(row);
      if (owner < 0) continue;
      const at = fill[owner] ?? 0;
      rows[at] = row;
      fill[owner] = at + 1;
    }
    this.#starts = starts;
    this.#rows = rows;
  }

  /** The rows of an owner, in their order; none for an owner that there is not. */
  of(owner: number): Int32Array {
    return this.#rows.subarray(this.#starts[owner] ?? 0, this.#starts[owner + 1] ?? 0);
  }
}
