import { hashText } from './hash53.ts';

/** Ids that can be read by their index. */
export interface IdList {
  readonly size: number;
  /** The text at an index; a bug where there is none. */
  text(index: number): string;
  /** The index of a text, -1 where it is not in the list. */
  find(text: string): number;
  /** The 53-bit hash of the text at an index. */
  hash(index: number): number;
}

/** What an id table is made of, to keep it in a file and to open it again. */
export interface IdTableParts {
  readonly bytes: Uint8Array;
  /** Where each id begins in `bytes`; one more than there are ids. */
  readonly offsets: Uint32Array;
  readonly hashes: Float64Array;
}

/** The most bytes that the ids of one table may have together: offsets are of 32 bits. */
const BYTES_MAX = 4_000_000_000;

/**
 * Gives each different text an index from 0 on, in order of arrival. The texts stand as bytes outside the garbage collector's
 * reach: millions of small strings would cost more memory than all the columns that point at them.
 */
export class IdTable implements IdList {
  #bytes: Uint8Array;
  #offsets: Uint32Array;
  #hashes: Float64Array;
  /** Open addressing, index + 1, 0 where free; null until it is first asked for, so that a view opened from a file costs nothing. */
  #slots: Int32Array | null = null;
  #size = 0;

  constructor(parts?: IdTableParts) {
    this.#bytes = parts?.bytes ?? new Uint8Array(4096);
    this.#offsets = parts?.offsets ?? new Uint32Array(257);
    this.#hashes = parts?.hashes ?? new Float64Array(256);
    this.#size = parts?.hashes.length ?? 0;
  }

  get size(): number {
    return this.#size;
  }

  /** The index of a text, which is added if it is new. */
  intern(text: string): number {
    const hash = hashText(text);
    const slots = this.#slots ?? this.#buildSlots(Math.max(512, this.#size * 2));
    const slot = this.#slotOf(slots, text, hash);
    const standing = slots[slot] ?? 0;
    if (standing > 0) return standing - 1;
    const index = this.#append(text, hash);
    slots[slot] = index + 1;
    if (this.#size * 2 > slots.length) this.#buildSlots(slots.length * 2);
    return index;
  }

  find(text: string): number {
    const slots = this.#slots ?? this.#buildSlots(Math.max(512, this.#size * 2));
    return (slots[this.#slotOf(slots, text, hashText(text))] ?? 0) - 1;
  }

  hash(index: number): number {
    return this.#hashes[index] ?? 0;
  }

  text(index: number): string {
    if (index < 0 || index >= this.#size) throw new Error(`There is no id ${index} of ${this.#size}`);
    return decode(this.#bytes, this.#offsets[index] ?? 0, this.#offsets[index + 1] ?? 0);
  }

  /** The table's content, without spare room; shares memory with the table. */
  parts(): IdTableParts {
    return {
      bytes: this.#bytes.subarray(0, this.#offsets[this.#size]),
      offsets: this.#offsets.subarray(0, this.#size + 1),
      hashes: this.#hashes.subarray(0, this.#size),
    };
  }

  #append(text: string, hash: number): number {
    const index = this.#size;
    const start = this.#offsets[index] ?? 0;
    // Three bytes hold any code unit: surrogates are written one by one, so that even half a pair comes back as it was.
    if (start + text.length * 3 > this.#bytes.length) {
      const size = Math.max(this.#bytes.length * 2, start + text.length * 3);
      if (size > BYTES_MAX * 2) throw new Error('The ids of one view are limited to 4 GB');
      const grown = new Uint8Array(Math.min(size, BYTES_MAX));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    if (index + 2 > this.#offsets.length) {
      const offsets = new Uint32Array(this.#offsets.length * 2);
      offsets.set(this.#offsets);
      this.#offsets = offsets;
      const hashes = new Float64Array(offsets.length);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
    }
    this.#offsets[index + 1] = encode(text, this.#bytes, start);
    this.#hashes[index] = hash;
    this.#size += 1;
    return index;
  }

  /** The slot where a text stands, or the free one where it belongs. */
  #slotOf(slots: Int32Array, text: string, hash: number): number {
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const standing = slots[slot] ?? 0;
      if (standing === 0) return slot;
      if (this.#hashes[standing - 1] === hash && this.#equals(standing - 1, text)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #equals(index: number, text: string): boolean {
    const bytes = this.#bytes;
    const end = this.#offsets[index + 1] ?? 0;
    let at = this.#offsets[index] ?? 0;
    for (let position = 0; position < text.length; position += 1) {
      const code = text.charCodeAt(position);
      if (code >= 0x80) return this.text(index) === text;
      if (bytes[at] !== code) return false;
      at += 1;
    }
    return at === end;
  }

  #buildSlots(atLeast: number): Int32Array {
    const slots = new Int32Array(2 ** Math.ceil(Math.log2(atLeast)));
    const mask = slots.length - 1;
    for (let index = 0; index < this.#size; index += 1) {
      let slot = (this.#hashes[index] ?? 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
    return slots;
  }
}

function encode(text: string, bytes: Uint8Array, start: number): number {
  let at = start;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) {
      bytes[at++] = code;
    } else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    }
  }
  return at;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end;) {
    const first = bytes[at++] ?? 0;
    if (first < 0x80) {
      text += String.fromCharCode(first);
    } else if (first < 0xe0) {
      text += String.fromCharCode(((first & 0x1f) << 6) | ((bytes[at++] ?? 0) & 0x3f));
    } else {
      const second = (bytes[at++] ?? 0) & 0x3f;
      text += String.fromCharCode(((first & 0x0f) << 12) | (second << 6) | ((bytes[at++] ?? 0) & 0x3f));
    }
  }
  return text;
}
