import { Pencil } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { PolicyVersionView } from '#contract/policy-views.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { Credits } from '../../components/credits-text.tsx';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { usePolicyVersions } from '../../state/policy-queries.ts';
import '../plans/plans.css';
import './policy.css';
import { PolicyDiff } from './policy-diff.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyMatrix } from './policy-matrix.tsx';

/** The retry policy: what is in force, how it became so, and the draft of the next version. */
export function PolicyScreen(): ReactNode {
  useTitle('Retry policy');
  const versions = usePolicyVersions();
  const [draft, setDraft] = useState<PolicyDraft | null>(null);
  const inForce = versions.data?.[0];
  if (versions.data === undefined || inForce === undefined) {
    return versions.error === null ? (
      <output className="page">Reading…</output>
    ) : (
      <FailureMessage failure={versions.error} onAskAgain={() => void versions.refetch()} isWholeScreen />
    );
  }
  return (
    <div className="page">
      <header className="page-head">
        <h1>Retry policy</h1>
        <p className="muted">
          What becomes of a job after each class of failure, in every window, on the command line and in every runner.
          Each decision keeps the version that it was made under.
        </p>
      </header>
      {versions.error !== null && (
        <output className="note" data-tone="warning">
          The server does not answer; this is the policy as it was read last.
        </output>
      )}
      {draft === null ? (
        <InForce policy={inForce} onEdit={() => setDraft(inForce)} />
      ) : (
        <PolicyEditor inForce={inForce} start={draft} onClose={() => setDraft(null)} />
      )}
      <Versions versions={versions.data} onBringBack={draft === null ? setDraft : null} />
    </div>
  );
}

function InForce({ policy, onEdit }: { policy: PolicyVersionView; onEdit: () => void }): ReactNode {
  const refusal = useRefusal('policy', 'write');
  return (
    <Panel
      title={`Version ${policy.version} is in force`}
      aside={
        refusal === null && (
          <button type="button" className="button" onClick={onEdit}>
            <Pencil aria-hidden size={14} />
            Draft the next version
          </button>
        )
      }
    >
      <PolicyMatrix policy={policy} />
      <p>
        A plan of more than <Credits credits={policy.spend.typedCredits} /> credits is confirmed by typing its amount;
        above <Credits credits={policy.spend.approvalCredits} /> another person approves it too.
      </p>
      {refusal !== null && <RefusalNote refusal={refusal} />}
    </Panel>
  );
}

function Versions({
  versions,
  onBringBack,
}: {
  versions: readonly PolicyVersionView[];
  /** Null while a draft is open. */
  onBringBack: ((version: PolicyVersionView) => void) | null;
}): ReactNode {
  const refusal = useRefusal('policy', 'write');
  return (
    <Panel title="Versions">
      <ol className="policy-versions">
        {versions.map((version, index) => {
          const before = versions[index + 1];
          return (
            <li key={version.version} aria-label={`Version ${version.version}`}>
              <div className="policy-version-head">
                <strong>Version {version.version}</strong>
                {index === 0 && <span className="tag">in force</span>}
                {version.written === null ? (
                  <span className="muted">what the program brings</span>
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
              {before !== undefined && (
                <PolicyDiff from={before} to={version} label={`What version ${version.version} changed`} />
              )}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
