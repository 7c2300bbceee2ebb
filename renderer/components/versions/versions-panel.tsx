import type { ReactNode } from 'react';
import type { RequestName } from '#contract/requests.ts';
import { useRefusal } from '../../state/access.ts';
import { Panel } from '../panel.tsx';
import { RelativeTime } from '../time-text.tsx';
import './versions.css';

/** A version as every list of them shows it; nobody wrote the one that everything begins with. */
interface ListedVersion {
  readonly version: number;
  readonly written: {
    readonly by: { readonly id: string };
    readonly atMs: number;
    readonly reason: string;
  } | null;
}

interface VersionsPanelProps<Version extends ListedVersion> {
  /** The request that puts a version in force. */
  readonly request: RequestName;
  /** The one in force first. */
  readonly versions: readonly Version[];
  /** What is said of the version that nobody wrote. */
  readonly beginning: string;
  /** Null while a draft is open. */
  readonly onBringBack: ((version: Version) => void) | null;
  readonly diff: (from: Version, to: Version, label: string) => ReactNode;
}

/** Every version, who wrote it when and why, and what it changed; an earlier one can be drafted again. */
export function VersionsPanel<Version extends ListedVersion>({
  request,
  versions,
  beginning,
  onBringBack,
  diff,
}: VersionsPanelProps<Version>): ReactNode {
  const refusal = useRefusal(request);
  return (
    <Panel title="Versions">
      <ol className="versions">
        {versions.map((version, index) => {
          const before = versions[index + 1];
          return (
            <li key={version.version} aria-label={`Version ${version.version}`}>
              <div className="version-head">
                <strong>Version {version.version}</strong>
                {index === 0 && <span className="tag">in force</span>}
                {version.written === null ? (
                  <span className="muted">{beginning}</span>
                ) : (
                  <span className="muted">
                    <bdi>{version.written.by.id}</bdi>, <RelativeTime atMs={version.written.atMs} />
                  </span>
                )}
                {index > 0 && onBringBack !== null && refusal === null && (
                  <button type="button" className="text-button" onClick={() => onBringBack(version)}>
                    Draft it again
                  </button>
                )}
              </div>
              {version.written !== null && <p>{version.written.reason}</p>}
              {before !== undefined && diff(before, version, `What version ${version.version} changed`)}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
