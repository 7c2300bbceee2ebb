/** Where columns come from that live as long as one judgement. Every column is zero. */
export interface ColumnMemory {
  float64(length: number): Float64Array;
  uint32(length: number): Uint32Array;
  uint16(length: number): Uint16Array;
  uint8(length: number): Uint8Array;
}

/** Columns of their own, for judgements whose sums are kept. */
export const NEW_COLUMNS: ColumnMemory = {
  float64: (length) => new Float64Array(length),
  uint32: (length) => new Uint32Array(length),
  uint16: (length) => new Uint16Array(length),
  uint8: (length) => new Uint8Array(length),
};

const ALIGNMENT = 8;

interface ColumnType<Column> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Column;
  new (memory: ArrayBuffer, at: number, length: number): Column;
}

/**
 * Columns that use the same memory again from each `begin` on: where one block is judged after the other, pages that were never
 * touched cost more than the work on them.
 */
export class ReusedColumns implements ColumnMemory {
  #memory = new ArrayBuffer(0);
  #used = 0;
  /** What was asked for since `begin`, whether or not it fitted. */
  #wanted = 0;

  /** Every column that was given before is void from here on. */
  begin(): void {
    if (this.#wanted > this.#memory.byteLength) this.#memory = new ArrayBuffer(Math.ceil(this.#wanted * 1.2));
    this.#used = 0;
    this.#wanted = 0;
  }

  float64(length: number): Float64Array {
    return this.#column(Float64Array, length);
  }

  uint32(length: number): Uint32Array {
    return this.#column(Uint32Array, length);
  }

  uint16(length: number): Uint16Array {
    return this.#column(Uint16Array, length);
  }

  uint8(length: number): Uint8Array {
    return this.#column(Uint8Array, length);
  }

  #column<Column extends { fill(value: number): Column }>(type: ColumnType<Column>, length: number): Column {
    const at = this.#take(length * type.BYTES_PER_ELEMENT);
    return at < 0 ? new type(length) : new type(this.#memory, at, length).fill(0);
  }

  /** Where so many bytes begin; -1 where there are not enough left. */
  #take(bytes: number): number {
    const size = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const at = this.#used;
    this.#wanted += size;
    if (at + size > this.#memory.byteLength) return -1;
    this.#used = at + size;
    return at;
  }
}
