import type { Timestamp } from 'bson';
import type { Doc } from '../semantics/values.ts';
import type { CollectionInfo } from './catalog.ts';
import type { History } from './history.ts';
import type { Records } from './records.ts';

/** Where a read takes documents from. */
export type RecordSource = Pick<Records, 'read' | 'scan' | 'range' | 'recordAt' | 'sorts' | 'countUse'>;

/**
 * A collection's documents as they were at a time. They are read one by one, because indexes are of the present only: where they are
 * looked for, the collection is given without its indexes.
 */
export function snapshotOf(
  records: Records,
  history: History,
  at: Timestamp,
  collection: CollectionInfo,
): RecordSource {
  return {
    sorts: records.sorts,
    countUse: (index) => records.countUse(index),
    range: noIndex,
    recordAt: noIndex,
    read(record): Doc | null {
      const former = history.formerOf(record, at);
      return former === undefined ? records.read(record) : former;
    },
    *scan(_bare, isBackward): Generator<number> {
      // What was removed since is known by its history only.
      const all = new Set([...records.scan(collection, false), ...history.changedRecords(collection)]);
      const ordered = [...all].sort((left, right) => left - right);
      yield* isBackward ? ordered.reverse() : ordered;
    },
  };
}

function noIndex(): never {
  throw new Error('a snapshot has no index');
}
