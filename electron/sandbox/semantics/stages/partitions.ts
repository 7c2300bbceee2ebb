import { encodeKey } from '../../storage/key-encoding.ts';
import { sortKeyOf } from '../../storage/query.ts';
import type { IndexField } from '../../storage/index-entries.ts';
import { scopeOf, type Evaluate } from '../expressions/compile.ts';
import { ServerError } from '../server-error.ts';
import type { Doc } from '../values.ts';
import { Memory, type KeyedDoc, type Spooled } from './memory.ts';
import type { StageContext } from './stage.ts';

/** What documents are put together by, and in what order they stand then. */
export interface Partitioning {
  readonly stage: string;
  /** Null where all documents are one partition. */
  readonly partitionBy: Evaluate | null;
  readonly sortBy: readonly IndexField[];
}

/**
 * The partitions of all documents in the order of their keys, each sorted, and open until the next one is taken. Both the order and
 * what a partition holds go to the disk above the memory of a stage.
 */
export function* partitionsOf(
  input: Iterable<Doc>,
  { stage, partitionBy, sortBy }: Partitioning,
  context: StageContext,
): Generator<Spooled> {
  const keyOf = (document: Doc): Buffer =>
    partitionBy === null ? NO_KEY : encodeKey(partitionOf(partitionBy(scopeOf(document, context.variables))));
  const keyed = function* (): Generator<KeyedDoc> {
    for (const document of withinLimit(stage, input, context))
      yield { key: Buffer.concat([keyOf(document), sortKeyOf(document, sortBy)]), document };
  };
  const documents = new Peeking(context.spill.sorted(keyed()));
  for (let first = documents.peek(); first !== null; first = documents.peek()) {
    const key = keyOf(first.document);
    const partition = context.spill.spool(membersOf(documents, (document) => keyOf(document).equals(key)));
    try {
      yield partition;
    } finally {
      partition.close();
    }
  }
}

const NO_KEY = Buffer.alloc(0);

/** All documents as they come. Error: `QueryExceededMemoryLimitNoDiskUseAllowed` above the limit where the disk may not be used. */
export function* withinLimit(
  stage: string,
  input: Iterable<Doc>,
  { allowDiskUse, spill }: StageContext,
): Generator<Doc> {
  const memory = new Memory(stage, spill.bytesMax);
  for (const document of input) {
    if (!allowDiskUse && !memory.hold(document)) memory.refuse();
    yield document;
  }
}

function partitionOf(value: unknown): unknown {
  if (Array.isArray(value))
    throw new ServerError('TypeMismatch', 'An expression used to partition cannot evaluate to value of type array');
  return value ?? null;
}

function* membersOf(documents: Peeking, belongs: (document: Doc) => boolean): Generator<Doc> {
  for (let next = documents.peek(); next !== null && belongs(next.document); next = documents.peek()) {
    documents.take();
    yield next.document;
  }
}

/** Entries whose next one can be looked at before it is taken. */
class Peeking {
  readonly #entries: Iterator<KeyedDoc>;
  #next: KeyedDoc | null = null;

  constructor(entries: Iterable<KeyedDoc>) {
    this.#entries = entries[Symbol.iterator]();
  }

  peek(): KeyedDoc | null {
    if (this.#next !== null) return this.#next;
    const result = this.#entries.next();
    return (this.#next = result.done === true ? null : result.value);
  }

  take(): void {
    this.#next = null;
  }
}
