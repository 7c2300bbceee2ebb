import type { ReactNode } from 'react';
import type { PolicyVersionView } from '#contract/policy-views.ts';
import {
  diffPolicies,
  POLICY_REASON_MAX,
  policyDraftSchema,
  problemsOf,
  type PolicyDraft,
} from '#domain/policy-version.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { Panel } from '../../components/panel.tsx';
import { VersionForm } from '../../components/versions/version-form.tsx';
import { usePutPolicy } from '../../state/policy-queries.ts';
import { useVersionDrafts, type KeptDraft } from '../../state/version-drafts.ts';
import { MatrixEditor, SpendEditor } from './matrix-editor.tsx';
import { PolicyDiff } from './policy-diff.tsx';
import { ReplayPanel } from './replay-panel.tsx';

/** Writes the next version: what is to change, what it would have done, and why; then it is put in force. */
export function PolicyEditor({
  inForce,
  kept,
}: {
  inForce: PolicyVersionView;
  kept: KeptDraft<PolicyDraft>;
}): ReactNode {
  const { draft } = kept;
  const keep = useVersionDrafts((drafts) => drafts.keepPolicy);
  const setDraft = (next: PolicyDraft): void => keep({ ...kept, draft: next });
  const onClose = (): void => keep(null);
  const put = usePutPolicy();
  const isReadable = safeParse(policyDraftSchema, draft).success;
  return (
    <VersionForm
      inForce={inForce.version}
      putting={kept}
      onEdit={(change) => keep({ ...kept, ...change })}
      problem={problemOf(draft)}
      isSame={diffPolicies(inForce, draft).length === 0}
      changes={
        isReadable ? (
          <PolicyDiff from={inForce} to={draft} label="What changes" />
        ) : (
          <p className="muted">A number in the draft cannot be read.</p>
        )
      }
      reasonMax={POLICY_REASON_MAX}
      put={put}
      onPut={(putting) => put.mutate({ ...putting, draft })}
      onClose={onClose}
    >
      <Panel title={`Draft of version ${inForce.version + 1}`}>
        <MatrixEditor draft={draft} onEdit={setDraft} />
        <SpendEditor draft={draft} onEdit={setDraft} />
      </Panel>
      <Panel title="What it would have done">
        <ReplayPanel draft={isReadable ? draft : null} />
      </Panel>
    </VersionForm>
  );
}

/** Why the draft cannot be used. */
function problemOf(draft: PolicyDraft): string | null {
  if (!safeParse(policyDraftSchema, draft).success)
    return 'Mend the numbers that are marked, and say why of each class.';
  const [problem] = problemsOf(draft);
  return problem === undefined ? null : `${problem}.`;
}
