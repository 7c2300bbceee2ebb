import type { ReactNode } from 'react';
import type { MalformedRecord } from '#contract/malformed-record.ts';
import { counted } from '#domain/counted.ts';

/**
 * Names documents that a list lacks because they cannot be read. Nothing is said where there are none.
 * @param one what one of them would be, for example `plan`
 * @param many where it is not the noun with an s
 */
export function MalformedNote({
  one,
  many,
  records,
}: {
  one: string;
  many?: string;
  records: readonly MalformedRecord[];
}): ReactNode {
  if (records.length === 0) return null;
  return (
    <div className="note" data-tone="danger" role="note">
      <p>
        {counted(records.length, one, many)} cannot be read and {records.length === 1 ? 'is' : 'are'} not in the list:
      </p>
      <ul>
        {records.map(({ id, problem }) => (
          <li key={id}>
            <bdi className="mono">{id}</bdi>: <bdi>{problem}</bdi>
          </li>
        ))}
      </ul>
    </div>
  );
}
