import type { LedgerEntry } from '../ledger.ts';
import { hashText } from './hash53.ts';
import { firstSeenRow, type SeenEntries } from './seen-entries.ts';
import { keyHashOf, keyNumber } from './view-builder.ts';
import { entryTypeCode, periodCode, periodOfCode } from './view.ts';

/**
 * Tells of single entries which month counts them, as statements do of a whole view: a closed month what it counted when it was
 * closed, and the first open month what came too late for its own.
 */
export class CountedMonths {
  readonly #through: number;
  readonly #sealed: SeenEntries;

  /**
   * @param through the last month that is closed (`2026-10`), and with it all before it; null where none is
   * @param sealed what the closed months counted
   */
  constructor(through: string | null, sealed: SeenEntries) {
    this.#through = through === null ? 0 : periodCode(through);
    this.#sealed = sealed;
  }

  /** The month that counts an entry. */
  of(entry: LedgerEntry): string {
    const dated = periodCode(entry.period);
    if (dated > this.#through) return entry.period;
    const counted = this.#sealedIn(entry);
    return periodOfCode(counted === 0 ? this.#through + 1 : counted);
  }

  #sealedIn({ _id, generationId, type }: LedgerEntry): number {
    const generationHash = hashText(generationId ?? '');
    const n = generationId === null ? 0 : keyNumber(_id, generationId, type);
    const keyHash = n === 0 ? hashText(_id) : keyHashOf(generationHash, entryTypeCode(type), n);
    const row = firstSeenRow(this.#sealed, generationHash, keyHash);
    const isIt = this.#sealed.generationHash[row] === generationHash && this.#sealed.keyHash[row] === keyHash;
    return isIt ? (this.#sealed.sealedIn[row] ?? 0) : 0;
  }
}
