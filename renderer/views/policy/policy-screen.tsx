import type { ReactNode } from 'react';
import type { PolicyVersionView } from '#contract/policy-views.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { Credits } from '../../components/credits-text.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { InForcePanel } from '../../components/versions/in-force-panel.tsx';
import { VersionsPanel } from '../../components/versions/versions-panel.tsx';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { usePolicyVersions } from '../../state/policy-queries.ts';
import { useOwnDraft, useVersionDrafts } from '../../state/version-drafts.ts';
import '../plans/plans.css';
import './policy.css';
import { PolicyDiff } from './policy-diff.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyMatrix } from './policy-matrix.tsx';

/** The retry policy: what is in force, how it became so, and the draft of the next version. */
export function PolicyScreen(): ReactNode {
  useTitle('Retry policy');
  const versions = usePolicyVersions();
  const kept = useOwnDraft('policy');
  const keepPolicy = useVersionDrafts((drafts) => drafts.keepPolicy);
  const by = useEngineStatus().data?.person.id ?? '';
  const inForce = versions.data?.[0];
  if (versions.data === undefined || inForce === undefined) {
    return versions.error === null ? (
      <output className="page">Reading…</output>
    ) : (
      <FailureMessage failure={versions.error} onAskAgain={() => void versions.refetch()} isWholeScreen />
    );
  }
  const begin = ({ classes, spend }: PolicyDraft): void =>
    keepPolicy({ draft: { classes, spend }, basedOn: inForce.version, reason: '', by });
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
      {kept === null ? (
        <InForce policy={inForce} onEdit={() => begin(inForce)} />
      ) : (
        <PolicyEditor inForce={inForce} kept={kept} />
      )}
      <VersionsPanel
        request="policy.put"
        versions={versions.data}
        beginning="what the program brings"
        onBringBack={kept === null ? begin : null}
        diff={(from, to, label) => <PolicyDiff from={from} to={to} label={label} />}
      />
    </div>
  );
}

function InForce({ policy, onEdit }: { policy: PolicyVersionView; onEdit: () => void }): ReactNode {
  return (
    <InForcePanel request="policy.put" title={`Version ${policy.version} is in force`} onEdit={onEdit}>
      <PolicyMatrix policy={policy} />
      <p>
        A plan of more than <Credits credits={policy.spend.typedCredits} /> credits is confirmed by typing its amount;
        above <Credits credits={policy.spend.approvalCredits} /> another person approves it too.
      </p>
    </InForcePanel>
  );
}
