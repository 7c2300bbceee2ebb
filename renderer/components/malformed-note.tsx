import type { ReactNode } from 'react';
import type { MalformedRecord } from '#contract/malformed-record.ts';
import { counted } from '#domain/counted.ts';

/**
 * Names documents that a list lacks because they cannot be read. Nothing is said where there are none.
 * @param one what one of them would be, for example `plan`
 * @param many where it is not the noun with an s
 * @param actionOf what can be done with one
 */
export function MalformedNote({
  one,
  many,
  records,
  actionOf,
}: {
  one: string;
  many?: string;
  records: readonly MalformedRecord[];
  actionOf?: (record: MalformedRecord) => ReactNode;
}): ReactNode {
  if (records.length === 0) return null;
  return (
    <div className="note" data-tone="danger" role="note">
      <p>
        {counted(records.length, one, many)} cannot be read and {records.length === 1 ? 'is' : 'are'} not in the list:
      </p>
      <ul>
        {records.map((record) => (
          <li key={record.id}>
            <bdi className="mono">{record.id}</bdi>: <bdi>{record.problem}</bdi> {actionOf?.(record)}
          </li>
        ))}
      </ul>
    </div>
  );
}
