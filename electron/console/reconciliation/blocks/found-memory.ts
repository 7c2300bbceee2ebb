import type { Finding } from '#domain/reconciliation/finding.ts';
import { hashText } from '#domain/reconciliation/hash53.ts';
import { mergeSeen, NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { seenOf } from '#domain/reconciliation/standing/seen-of.ts';

/** Gathers what is remembered of the entries that findings speak of: the server is asked about each of them once more. */
export class FoundMemory {
  readonly #ofBlocks: SeenEntries[] = [];

  /** @param memories those of a block, the weightiest first */
  take(memories: readonly SeenEntries[], findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const generations = findings.flatMap(({ generationId }) => (generationId === null ? [] : hashText(generationId)));
    const unbound = findings.flatMap(({ generationId, subject }) =>
      generationId === null ? hashText(subject.id) : [],
    );
    const wanted = {
      generationHashes: new Set(generations),
      unboundKeyHashes: new Set(unbound),
      unboundHash: hashText(''),
    };
    this.#ofBlocks.push(seenOf(memories, wanted));
  }

  /** All of it, in one memory. */
  get seen(): SeenEntries {
    return this.#ofBlocks.reduce((all, memory) => mergeSeen(memory, all), NOTHING_SEEN);
  }
}
