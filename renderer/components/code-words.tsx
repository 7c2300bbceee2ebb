import { Fragment, type ReactNode } from 'react';

/** A sentence for people in which what is typed into a terminal stands between backticks, as it does on the command line: here as code. */
export function CodeWords({ text }: { text: string }): ReactNode {
  const parts = text.split('`');
  return parts.map((part, at) => {
    const isBehindMark = at % 2 === 1;
    // A mark that has no second one is a character like any other.
    const isCode = isBehindMark && at < parts.length - 1;
    return isCode ? (
      // oxlint-disable-next-line react/no-array-index-key -- the parts of a sentence have no other key, and never move
      <code key={at}>{part}</code>
    ) : (
      // oxlint-disable-next-line react/no-array-index-key -- as above
      <Fragment key={at}>{isBehindMark ? `\`${part}` : part}</Fragment>
    );
  });
}
