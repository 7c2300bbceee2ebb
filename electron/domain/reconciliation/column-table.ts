type ColumnArray = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
type ColumnType = { new (length: number): ColumnArray };

/** What the columns of a table are made of, by name. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>;
/** The columns of a table of these types. */
export type ColumnsOf<Types extends ColumnTypes> = { readonly [Name in keyof Types]: InstanceType<Types[Name]> };

/** Typed arrays of one length that grow together. */
export class ColumnTable<Types extends ColumnTypes> {
  readonly #types: Types;
  #columns: ColumnsOf<Types>;
  #capacity = 64;
  #count = 0;

  constructor(types: Types) {
    this.#types = types;
    this.#columns = newColumns(types, this.#capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** The columns with spare room at the end. A call of `push` or `reach` may replace them: ask again after each. */
  get columns(): ColumnsOf<Types> {
    return this.#columns;
  }

  /** Makes room for one more row of zeros. @returns its index */
  push(): number {
    this.reach(this.#count + 1);
    return this.#count - 1;
  }

  /** Makes the table at least that long. */
  reach(count: number): void {
    if (count > this.#capacity) {
      this.#capacity = Math.max(this.#capacity * 2, count);
      const grown = newColumns(this.#types, this.#capacity);
      for (const name of Object.keys(this.#types)) {
        const column = grown[name];
        const standing = this.#columns[name];
        if (column !== undefined && standing !== undefined) column.set(standing);
      }
      this.#columns = grown;
    }
    if (count > this.#count) this.#count = count;
  }

  /** The columns in the given order of rows; rows that the order leaves out are dropped. */
  gather(order: Int32Array): ColumnsOf<Types> {
    const gathered = newColumns(this.#types, order.length);
    for (const name of Object.keys(this.#types)) {
      const target = gathered[name];
      const source = this.#columns[name];
      if (target !== undefined && source !== undefined) gatherColumn(source, target, order);
    }
    return gathered;
  }

  /** The columns without spare room. */
  trimmed(): ColumnsOf<Types> {
    const trimmed: Record<string, ColumnArray> = {};
    for (const name of Object.keys(this.#types)) {
      const column = this.#columns[name];
      if (column !== undefined) trimmed[name] = column.slice(0, this.#count);
    }
    return trimmed as ColumnsOf<Types>;
  }
}

function gatherColumn(source: ColumnArray, target: ColumnArray, order: Int32Array): void {
  for (let row = 0; row < order.length; row += 1) target[row] = source[order[row] ?? 0] ?? 0;
}

function newColumns<Types extends ColumnTypes>(types: Types, length: number): ColumnsOf<Types> {
  const columns: Record<string, ColumnArray> = {};
  for (const [name, type] of Object.entries(types)) columns[name] = new type(length);
  return columns as ColumnsOf<Types>;
}
