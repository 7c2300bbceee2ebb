import type { ReactNode } from 'react';
import { diffRedaction, type RedactionDraft } from '#domain/redaction/redaction-rule.ts';

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
  const changes = diffRedaction(from, to);
  if (changes.length === 0) return <p className="muted">Nothing differs.</p>;
  return (
    <ul className="policy-diff" aria-label={label}>
      {changes.map((change) => (
        <li key={change.ruleId}>
          {change.change}: {change.from !== null && <del>{change.from}</del>}{' '}
          {change.to !== null && <ins>{change.to}</ins>}
        </li>
      ))}
    </ul>
  );
}
