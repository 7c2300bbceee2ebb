import { Pencil } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { RedactionVersionView } from '#contract/redaction-views.ts';
import type { RedactionDraft } from '#domain/redaction/redaction-rule.ts';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useRedactionVersions } from '../../state/redaction-queries.ts';
import '../policy/policy.css';
import './redaction.css';
import { RedactionDiff } from './redaction-diff.tsx';
import { RedactionEditor } from './redaction-editor.tsx';
import { RuleTable } from './rule-table.tsx';

/** What is hidden from whom in prompts and outputs: what is in force, how it became so, and the draft of the next version. */
export function RedactionScreen(): ReactNode {
  useTitle('Redaction');
  const refusal = useRefusal('policy', 'read');
  const redaction = useEngineStatus().data?.redaction;
  return (
    <div className="page">
      <header className="page-head">
        <h1>Redaction</h1>
        <p className="muted">
          What is not shown to whom of prompts, options, messages and outputs: in lists, on jobs, in exports and in case
          packs. What is hidden is shown as redacted. While anything is hidden from somebody they cannot search for
          words, because hits would tell what stands there.
        </p>
      </header>
      {redaction?.version === null && (
        <p className="note" data-tone="warning">
          The rules could not be read yet, or cannot be used; until they can, no text is shown to anybody.
        </p>
      )}
      {redaction?.version !== null && redaction?.isHiding === true && (
        <p className="note">Texts are hidden from your own role.</p>
      )}
      {refusal === null ? (
        <Rules />
      ) : (
        <Panel title="Rules">
          <RefusalNote refusal={refusal} />
        </Panel>
      )}
    </div>
  );
}

function Rules(): ReactNode {
  const versions = useRedactionVersions();
  const [draft, setDraft] = useState<RedactionDraft | null>(null);
  const inForce = versions.data?.[0];
  if (versions.data === undefined || inForce === undefined) {
    return versions.error === null ? (
      <output>Reading…</output>
    ) : (
      <FailureMessage failure={versions.error} onAskAgain={() => void versions.refetch()} />
    );
  }
  return (
    <>
      {versions.error !== null && (
        <output className="note" data-tone="warning">
          The server does not answer; these are the rules as they were read last.
        </output>
      )}
      {draft === null ? (
        <InForce version={inForce} onEdit={() => setDraft(inForce)} />
      ) : (
        <RedactionEditor inForce={inForce} start={draft} onClose={() => setDraft(null)} />
      )}
      <Versions versions={versions.data} onBringBack={draft === null ? setDraft : null} />
    </>
  );
}

function InForce({ version, onEdit }: { version: RedactionVersionView; onEdit: () => void }): ReactNode {
  const refusal = useRefusal('policy', 'write');
  return (
    <Panel
      title={version.version === 0 ? 'No rules yet' : `Version ${version.version} is in force`}
      aside={
        refusal === null && (
          <button type="button" className="button" onClick={onEdit}>
            <Pencil aria-hidden size={14} />
            Draft the next version
          </button>
        )
      }
    >
      {version.rules.length === 0 ? (
        <p className="muted">Nothing is hidden from anybody who may read prompts and outputs.</p>
      ) : (
        <RuleTable rules={version.rules} />
      )}
      {refusal !== null && <RefusalNote refusal={refusal} />}
    </Panel>
  );
}

function Versions({
  versions,
  onBringBack,
}: {
  versions: readonly RedactionVersionView[];
  /** Null while a draft is open. */
  onBringBack: ((version: RedactionVersionView) => void) | null;
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
                  <span className="muted">nothing hidden</span>
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
                <RedactionDiff from={before} to={version} label={`What version ${version.version} changed`} />
              )}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
