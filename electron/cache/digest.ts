import { createHash, hash, type Hash } from 'node:crypto';
import { assertNever } from '#domain/result.ts';
import { toLedgerColumns, type LedgerColumns } from './book-tables.ts';
import { subjectOf, type CacheChange } from './changes.ts';
import { keptOf, WHOLE_SCOPE, type CopyScope } from './copy-scope.ts';
import { encodeDocument } from './document-encoding.ts';

/** What a range of a collection holds: how many documents, and a fingerprint of them all. */
export interface RangeDigest {
  readonly documents: number;
  /** SHA-256 in hexadecimal over ids and contents in ascending order of id. */
  readonly sha256: string;
}

/** Takes documents in ascending order of id and gives the digest of them all. */
export class DigestBuilder {
  readonly #hash: Hash = createHash('sha256');
  #documents = 0;

  /** @param content the document as the copy keeps it */
  add(id: string, content: Uint8Array | string): void {
    this.#hash.update(`${Buffer.byteLength(id)}:${id}:`);
    this.#hash.update(hash('sha256', content, 'buffer'));
    this.#documents += 1;
  }

  end(): RangeDigest {
    return { documents: this.#documents, sha256: this.#hash.digest('hex') };
  }
}

/** A ledger entry as text, the same for the same entry. */
export function ledgerContent(columns: LedgerColumns): string {
  // prettier-ignore
  return JSON.stringify([
    columns.id, columns.workspace, columns.job_id, columns.generation_id, columns.attempt, columns.type, columns.credits,
    columns.at_ms, columns.actor_type, columns.actor_id, columns.reason, columns.period,
  ]);
}

/**
 * The digest that a copy holding exactly these documents has: for comparing it with what a server holds.
 * @param changes of one collection, in any order, each id once
 * @param scope of the copy
 */
export function digestOf(changes: readonly CacheChange[], scope: CopyScope = WHOLE_SCOPE): RangeDigest {
  const builder = new DigestBuilder();
  const keyed = changes.map((change) => ({ change, id: Buffer.from(subjectOf(change).id) }));
  keyed.sort((left, right) => Buffer.compare(left.id, right.id));
  for (const { change } of keyed) {
    const content = contentOf(change, scope);
    if (content !== null) builder.add(subjectOf(change).id, content);
  }
  return builder.end();
}

/** The fingerprint of one document, SHA-256 in hexadecimal, as `CacheReader.contents` gives it; null for one that is deleted or that the scope leaves out. */
export function contentDigestOf(change: CacheChange, scope: CopyScope = WHOLE_SCOPE): string | null {
  const content = contentOf(change, scope);
  return content === null ? null : hash('sha256', content, 'hex');
}

/** A document as the copy keeps it; null where it keeps none. */
function contentOf(change: CacheChange, scope: CopyScope): Uint8Array | string | null {
  switch (change.type) {
    case 'job': {
      const kept = keptOf(change.job, scope);
      if (kept === null) return null;
      return kept.document === null ? '' : encodeDocument(kept.document);
    }
    case 'account':
      return encodeDocument(change.account);
    case 'entry':
      return ledgerContent(toLedgerColumns(change.entry));
    case 'unreadable':
      return '';
    case 'deleted':
      return null;
    default:
      return assertNever(change);
  }
}
