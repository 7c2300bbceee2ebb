import type { ReactNode } from 'react';
import { explainError } from '#domain/errors.ts';
import { toWireError } from '../state/engine-failure.ts';
import { CodeWords } from './code-words.tsx';

/**
 * Why the last try did not succeed and what to do about it, in words of the catalogue, beside what it was made with. It is read out as
 * soon as it stands there.
 * @param failure of the last try; nothing is said where it is null
 * @param look a paragraph of its own, a part of a row, or a note on a ground of its own where much else stands around it
 */
export function FailureLine({
  failure,
  look = 'paragraph',
}: {
  failure: Error | null;
  look?: 'paragraph' | 'inline' | 'note';
}): ReactNode {
  if (failure === null) return null;
  const says = <CodeWords text={explainError(toWireError(failure))} />;
  if (look === 'note') {
    return (
      <p className="note" data-tone="danger" role="alert">
        {says}
      </p>
    );
  }
  const Line = look === 'inline' ? 'span' : 'p';
  return (
    <Line className="text-danger" role="alert">
      {says}
    </Line>
  );
}
