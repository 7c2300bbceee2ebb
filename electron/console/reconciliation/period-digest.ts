import { createHash } from 'node:crypto';
import { netCreditsOf, type LedgerEntry } from '#domain/ledger.ts';

/** What the entries of a month come to. */
export interface PeriodTotals {
  readonly entries: number;
  readonly netCredits: number;
  /** See `entriesDigest` of a closed period. */
  readonly entriesDigest: string;
}

const DIGEST_BYTES = 32;

/**
 * Takes the entries of a month in any order and comes to one digest: SHA-256 over the sorted SHA-256 of the entries. 32 bytes
 * of memory an entry.
 */
export class PeriodDigest {
  #digests = Buffer.alloc(DIGEST_BYTES * 1024);
  #entries = 0;
  #netCredits = 0;

  add(entry: LedgerEntry): void {
    const start = this.#entries * DIGEST_BYTES;
    if (start + DIGEST_BYTES > this.#digests.length) {
      const grown = Buffer.alloc(this.#digests.length * 2);
      this.#digests.copy(grown);
      this.#digests = grown;
    }
    createHash('sha256').update(lineOf(entry), 'utf8').digest().copy(this.#digests, start);
    this.#entries += 1;
    this.#netCredits += netCreditsOf(entry);
  }

  /** The totals so far. */
  totals(): PeriodTotals {
    const rows = Uint32Array.from({ length: this.#entries }, (_, index) => index);
    const at = (row: number): number => row * DIGEST_BYTES;
    const digests = this.#digests;
    rows.sort((left, right) =>
      digests.compare(digests, at(right), at(right) + DIGEST_BYTES, at(left), at(left) + DIGEST_BYTES),
    );
    const hash = createHash('sha256');
    for (const row of rows) hash.update(digests.subarray(at(row), at(row) + DIGEST_BYTES));
    return { entries: this.#entries, netCredits: this.#netCredits, entriesDigest: hash.digest('hex') };
  }
}

/** All that an entry says, in a fixed order. */
function lineOf(entry: LedgerEntry): string {
  return JSON.stringify([
    entry._id,
    entry.workspaceId,
    entry.jobId,
    entry.generationId,
    entry.attempt,
    entry.type,
    entry.credits,
    entry.at.toISOString(),
    entry.actor.type,
    entry.actor.id,
    entry.reason,
    entry.period,
  ]);
}
