import type { ReactNode } from 'react';
import { formatCredits } from '#domain/credits.ts';
import { diffPolicies, type PolicyDraft } from '#domain/policy-version.ts';
import { useCreditScale } from '../../state/engine-queries.tsx';
import { FIELD_WORDS, subjectWords, valueWords } from './policy-words.ts';

/** What differs between two policies, line by line. */
export function PolicyDiff({ from, to, label }: { from: PolicyDraft; to: PolicyDraft; label: string }): ReactNode {
  const scale = useCreditScale();
  const changes = diffPolicies(from, to);
  const credits = (amount: number): string => `${formatCredits(amount, scale)} credits`;
  if (changes.length === 0) return <p className="muted">Nothing differs.</p>;
  return (
    <ul className="policy-diff" aria-label={label}>
      {changes.map((change) => (
        <li key={`${change.subject} ${change.field}`}>
          <strong>{subjectWords(change.subject)}</strong>, {FIELD_WORDS[change.field]}:{' '}
          <del>{valueWords(change, change.from, credits)}</del> <ins>{valueWords(change, change.to, credits)}</ins>
        </li>
      ))}
    </ul>
  );
}
