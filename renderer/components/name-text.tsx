import { Fragment, type ReactNode } from 'react';

/** Behind these signs the name of an entry, a check or a field may go on in the next line. */
const PARTS = /[^:_/.]*[:_/.]?/g;

/** A long name without spaces: it is broken between its parts, and inside of one only where that does not fit by itself. */
export function NameText({ name }: { name: string }): ReactNode {
  return (name.match(PARTS) ?? []).map((part, at) => (
    // oxlint-disable-next-line react/no-array-index-key -- the parts of a name have no other key, and never move
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
