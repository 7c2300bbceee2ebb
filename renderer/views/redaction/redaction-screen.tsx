import type { ReactNode } from 'react';
import type { RedactionVersionView } from '#contract/redaction-views.ts';
import type { RedactionDraft } from '#domain/redaction/redaction-rule.ts';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { InForcePanel } from '../../components/versions/in-force-panel.tsx';
import { VersionsPanel } from '../../components/versions/versions-panel.tsx';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useRedactionVersions } from '../../state/redaction-queries.ts';
import { useOwnDraft, useVersionDrafts } from '../../state/version-drafts.ts';
import './redaction.css';
import { RedactionDiff } from './redaction-diff.tsx';
import { RedactionEditor } from './redaction-editor.tsx';
import { RuleTable } from './rule-table.tsx';

/** What is hidden from whom in prompts and outputs: what is in force, how it became so, and the draft of the next version. */
export function RedactionScreen(): ReactNode {
  useTitle('Redaction');
  const refusal = useRefusal('redaction.get');
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
  const kept = useOwnDraft('redaction');
  const keepRedaction = useVersionDrafts((drafts) => drafts.keepRedaction);
  const by = useEngineStatus().data?.person.id ?? '';
  const inForce = versions.data?.[0];
  if (versions.data === undefined || inForce === undefined) {
    return versions.error === null ? (
      <output>Reading…</output>
    ) : (
      <FailureMessage failure={versions.error} onAskAgain={() => void versions.refetch()} />
    );
  }
  const begin = ({ rules }: RedactionDraft): void =>
    keepRedaction({ draft: { rules }, basedOn: inForce.version, reason: '', by });
  return (
    <>
      {versions.error !== null && (
        <output className="note" data-tone="warning">
          The server does not answer; these are the rules as they were read last.
        </output>
      )}
      {kept === null ? (
        <InForce version={inForce} onEdit={() => begin(inForce)} />
      ) : (
        <RedactionEditor inForce={inForce} kept={kept} />
      )}
      <VersionsPanel
        request="redaction.put"
        versions={versions.data}
        beginning="nothing hidden"
        onBringBack={kept === null ? begin : null}
        diff={(from, to, label) => <RedactionDiff from={from} to={to} label={label} />}
      />
    </>
  );
}

function InForce({ version, onEdit }: { version: RedactionVersionView; onEdit: () => void }): ReactNode {
  return (
    <InForcePanel
      request="redaction.put"
      title={version.version === 0 ? 'No rules yet' : `Version ${version.version} is in force`}
      onEdit={onEdit}
    >
      {version.rules.length === 0 ? (
        <p className="muted">Nothing is hidden from anybody who may read prompts and outputs.</p>
      ) : (
        <RuleTable rules={version.rules} />
      )}
    </InForcePanel>
  );
}
