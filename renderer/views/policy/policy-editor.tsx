import { useState, type ReactNode } from 'react';
import type { PolicyVersionView } from '#contract/policy-views.ts';
import {
  diffPolicies,
  POLICY_REASON_MAX,
  policyDraftSchema,
  problemsOf,
  type PolicyDraft,
} from '#domain/policy-version.ts';
import { Panel } from '../../components/panel.tsx';
import { PutPanel } from '../../components/versions/put-panel.tsx';
import '../../components/versions/versions.css';
import { usePutPolicy } from '../../state/policy-queries.ts';
import { MatrixEditor, SpendEditor } from './matrix-editor.tsx';
import { PolicyDiff } from './policy-diff.tsx';
import { ReplayPanel } from './replay-panel.tsx';

/** Writes the next version: what is to change, what it would have done, and why; then it is put in force. */
export function PolicyEditor({
  inForce,
  start,
  onClose,
}: {
  inForce: PolicyVersionView;
  /** What the draft begins with: the version in force, or an earlier one that is to come back. */
  start: PolicyDraft;
  onClose: () => void;
}): ReactNode {
  const [draft, setDraft] = useState<PolicyDraft>(() => ({ classes: start.classes, spend: start.spend }));
  const [basedOn] = useState(inForce.version);
  const [reason, setReason] = useState('');
  const put = usePutPolicy();
  const missing = whatIsMissing(inForce, draft, reason);
  const isReadable = policyDraftSchema.safeParse(draft).success;
  return (
    <form
      className="version-form"
      aria-label={`Draft of version ${inForce.version + 1}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === null) put.mutate({ basedOn, draft, reason: reason.trim() }, { onSuccess: onClose });
      }}
    >
      <Panel title={`Draft of version ${inForce.version + 1}`}>
        <MatrixEditor draft={draft} onEdit={setDraft} />
        <SpendEditor draft={draft} onEdit={setDraft} />
      </Panel>
      <Panel title="What it would have done">
        <ReplayPanel draft={isReadable ? draft : null} />
      </Panel>
      <PutPanel
        inForce={inForce.version}
        basedOn={basedOn}
        reason={reason}
        reasonMax={POLICY_REASON_MAX}
        onReason={setReason}
        missing={missing}
        put={put}
        onClose={onClose}
      >
        {isReadable ? (
          <PolicyDiff from={inForce} to={draft} label="What changes" />
        ) : (
          <p className="muted">A number in the draft cannot be read.</p>
        )}
      </PutPanel>
    </form>
  );
}

function whatIsMissing(inForce: PolicyVersionView, draft: PolicyDraft, reason: string): string | null {
  if (!policyDraftSchema.safeParse(draft).success)
    return 'Mend the numbers that are marked, and say why of each class.';
  const [problem] = problemsOf(draft);
  if (problem !== undefined) return `${problem}.`;
  if (diffPolicies(inForce, draft).length === 0) return 'Nothing differs from what is in force.';
  return reason.trim() === '' ? 'Say why.' : null;
}
