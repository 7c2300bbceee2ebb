import type { ReactNode } from 'react';
import './versions.css';

/** What differs between two versions, line by line. */
export function VersionDiff({
  label,
  lines,
}: {
  label: string;
  lines: readonly { readonly key: string; readonly line: ReactNode }[];
}): ReactNode {
  if (lines.length === 0) return <p className="muted">Nothing differs.</p>;
  return (
    <ul className="version-diff" aria-label={label}>
      {lines.map(({ key, line }) => (
        <li key={key}>{line}</li>
      ))}
    </ul>
  );
}
