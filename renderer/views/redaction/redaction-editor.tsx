import { Plus } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { RedactionVersionView } from '#contract/redaction-views.ts';
import {
  diffRedaction,
  problemsOfRedaction,
  REDACTION_REASON_MAX,
  REDACTION_RULES_MAX,
  redactionDraftSchema,
  type RedactionDraft,
  type RedactionRule,
} from '#domain/redaction/redaction-rule.ts';
import { Panel } from '../../components/panel.tsx';
import { PutPanel } from '../../components/versions/put-panel.tsx';
import '../../components/versions/versions.css';
import { usePutRedaction } from '../../state/redaction-queries.ts';
import { RedactionDiff } from './redaction-diff.tsx';
import { RedactionTrial } from './redaction-trial.tsx';
import { RuleEditor } from './rule-editor.tsx';

/** Writes the next version: what is hidden, how much that would hide, and why; then it is put in force. */
export function RedactionEditor({
  inForce,
  start,
  onClose,
}: {
  inForce: RedactionVersionView;
  /** What the draft begins with: the version in force, or an earlier one that is to come back. */
  start: RedactionDraft;
  onClose: () => void;
}): ReactNode {
  const [draft, setDraft] = useState<RedactionDraft>(() => ({ rules: start.rules }));
  const [basedOn] = useState(inForce.version);
  const [reason, setReason] = useState('');
  const put = usePutRedaction();
  const problem = problemOf(draft);
  const missing = problem ?? whatIsMissing(inForce, draft, reason);
  const next = inForce.version + 1;
  const edit = (rule: RedactionRule): void =>
    setDraft({ rules: draft.rules.map((one) => (one.id === rule.id ? rule : one)) });
  return (
    <form
      className="version-form"
      aria-label={`Draft of version ${next}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === null) put.mutate({ basedOn, draft, reason: reason.trim() }, { onSuccess: onClose });
      }}
    >
      <Panel title={`Draft of version ${next}`}>
        <p className="muted">
          A field is written as in the raw document, with dots: input.prompt, input.options.*, failure.message, or
          output for everything that was generated. A pattern is a regular expression in the syntax of RE2.
        </p>
        <ol className="redaction-rules">
          {draft.rules.map((rule, index) => (
            <RuleEditor
              key={rule.id}
              rule={rule}
              number={index + 1}
              onEdit={edit}
              onRemove={() => setDraft({ rules: draft.rules.filter(({ id }) => id !== rule.id) })}
            />
          ))}
        </ol>
        <button
          type="button"
          className="button"
          disabled={draft.rules.length >= REDACTION_RULES_MAX}
          onClick={() => setDraft({ rules: [...draft.rules, newRule()] })}
        >
          <Plus aria-hidden size={14} />
          Add a rule
        </button>
      </Panel>
      <Panel title="What it would hide">
        <RedactionTrial draft={problem === null ? draft : null} />
      </Panel>
      <PutPanel
        inForce={inForce.version}
        basedOn={basedOn}
        reason={reason}
        reasonMax={REDACTION_REASON_MAX}
        onReason={setReason}
        missing={missing}
        put={put}
        onClose={onClose}
      >
        <RedactionDiff from={inForce} to={draft} label="What changes" />
      </PutPanel>
    </form>
  );
}

function newRule(): RedactionRule {
  return {
    id: `rule-${crypto.randomUUID().slice(0, 8)}`,
    label: 'prompt',
    roles: ['support'],
    where: { type: 'path', path: 'input.prompt' },
  };
}

/** Why the draft cannot be used; patterns are looked at by the engine, which has what carries them out. */
function problemOf(draft: RedactionDraft): string | null {
  const bad = redactionDraftSchema.safeParse(draft);
  if (!bad.success) return 'Each rule needs a label of letters and digits, a place and a role.';
  const [problem] = problemsOfRedaction(draft, () => null);
  return problem === undefined ? null : `${problem}.`;
}

function whatIsMissing(inForce: RedactionVersionView, draft: RedactionDraft, reason: string): string | null {
  if (diffRedaction(inForce, draft).length === 0) return 'Nothing differs from what is in force.';
  return reason.trim() === '' ? 'Say why.' : null;
}
