import { ServerError } from '../server-error.ts';
import { isDoc, type Doc } from '../values.ts';

/** What a stage may hold at once without the disk, in bytes: MongoDB's own limit. */
export const MEMORY_MAX = 100 * 1024 * 1024;

/** A document with the key that it is sorted by. */
export interface KeyedDoc {
  readonly key: Buffer;
  /** In working form. */
  readonly document: Doc;
}

/** Documents that are kept to be read more than once. */
export interface Spooled {
  /** All of them from the first on, in working form. */
  readonly read: () => Iterable<Doc>;
  /** Frees what they take. */
  readonly close: () => void;
}

/** Where stages put what does not fit in memory. */
export interface Spill {
  /** What a stage may hold at once, in bytes. */
  readonly bytesMax: number;
  /** The entries in the order of their keys, those of one key in the order in which they came. */
  sorted(entries: Iterable<KeyedDoc>): Iterable<KeyedDoc>;
  /** Takes all documents in. */
  spool(documents: Iterable<Doc>): Spooled;
}

/** For pipelines over few documents, as those of updates are. */
export const IN_MEMORY: Spill = {
  bytesMax: MEMORY_MAX,
  sorted: (entries) => [...entries].sort((left, right) => Buffer.compare(left.key, right.key)),
  spool(documents) {
    const all = [...documents];
    return { read: () => all, close: () => undefined };
  },
};

/** Counts what a stage holds. */
export class Memory {
  readonly #stage: string;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(stage: string, bytesMax: number) {
    this.#stage = stage;
    this.#bytesMax = bytesMax;
  }

  /** @returns false once the stage holds more than it may */
  hold(value: unknown): boolean {
    this.#bytes += approximateBytes(value);
    return this.#bytes <= this.#bytesMax;
  }

  /** Error: `QueryExceededMemoryLimitNoDiskUseAllowed`. */
  refuse(): never {
    throw new ServerError(
      'QueryExceededMemoryLimitNoDiskUseAllowed',
      `Exceeded memory limit for ${this.#stage}, but didn't allow external sort. Pass allowDiskUse:true to opt in.`,
    );
  }
}

/** About what a value would take as BSON, in bytes, without writing it. */
export function approximateBytes(value: unknown): number {
  if (typeof value === 'string') return 6 + value.length;
  if (Array.isArray(value)) {
    let bytes = 5;
    for (const element of value as unknown[]) bytes += 4 + approximateBytes(element);
    return bytes;
  }
  if (isDoc(value)) {
    let bytes = 5;
    for (const key of Object.keys(value)) bytes += key.length + 2 + approximateBytes(value[key]);
    return bytes;
  }
  if (typeof value === 'object' && value !== null && 'position' in value) return 5 + Number(value.position);
  return 12;
}
