import type { ReactNode } from 'react';
import { formatCredits } from '#domain/credits.ts';
import { diffPolicies, type PolicyDraft } from '#domain/policy-version.ts';
import { VersionDiff } from '../../components/versions/version-diff.tsx';
import { useCreditScale } from '../../state/engine-queries.tsx';
import { FIELD_WORDS, subjectWords, valueWords } from '#domain/policy-words.ts';

/** What differs between two policies, line by line. */
export function PolicyDiff({ from, to, label }: { from: PolicyDraft; to: PolicyDraft; label: string }): ReactNode {
  const scale = useCreditScale();
  const credits = (amount: number): string => `${formatCredits(amount, scale)} credits`;
  const lines = diffPolicies(from, to).map((change) => ({
    key: `${change.subject} ${change.field}`,
    line: (
      <>
        <strong>{subjectWords(change.subject)}</strong>, {FIELD_WORDS[change.field]}:{' '}
        <del>{valueWords(change, change.from, credits)}</del> <ins>{valueWords(change, change.to, credits)}</ins>
      </>
    ),
  }));
  return <VersionDiff label={label} lines={lines} />;
}
