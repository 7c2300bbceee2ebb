import type { ReactNode } from 'react';
import { diffRedaction, type RedactionDraft } from '#domain/redaction/redaction-rule.ts';
import { VersionDiff } from '../../components/versions/version-diff.tsx';

/** What differs between two sets of rules, line by line. */
export function RedactionDiff({
  from,
  to,
  label,
}: {
  from: RedactionDraft;
  to: RedactionDraft;
  label: string;
}): ReactNode {
  const lines = diffRedaction(from, to).map((change) => ({
    key: change.ruleId,
    line: (
      <>
        {change.change}: {change.from !== null && <del>{change.from}</del>}{' '}
        {change.to !== null && <ins>{change.to}</ins>}
      </>
    ),
  }));
  return <VersionDiff label={label} lines={lines} />;
}
