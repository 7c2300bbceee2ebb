import { Plus } from 'lucide-react';
import type { ReactNode } from 'react';
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
import { safeParse } from '#domain/safe-parse.ts';
import { Panel } from '../../components/panel.tsx';
import { VersionForm } from '../../components/versions/version-form.tsx';
import { usePutRedaction } from '../../state/redaction-queries.ts';
import { useVersionDrafts, type KeptDraft } from '../../state/version-drafts.ts';
import { RedactionDiff } from './redaction-diff.tsx';
import { RedactionTrial } from './redaction-trial.tsx';
import { RuleEditor } from './rule-editor.tsx';

/** Writes the next version: what is hidden, how much that would hide, and why; then it is put in force. */
export function RedactionEditor({
  inForce,
  kept,
}: {
  inForce: RedactionVersionView;
  kept: KeptDraft<RedactionDraft>;
}): ReactNode {
  const { draft } = kept;
  const keep = useVersionDrafts((drafts) => drafts.keepRedaction);
  const setRules = (rules: RedactionRule[]): void => keep({ ...kept, draft: { rules } });
  const onClose = (): void => keep(null);
  const put = usePutRedaction();
  const problem = problemOf(draft);
  const edit = (rule: RedactionRule): void => setRules(draft.rules.map((one) => (one.id === rule.id ? rule : one)));
  return (
    <VersionForm
      inForce={inForce.version}
      putting={kept}
      onEdit={(change) => keep({ ...kept, ...change })}
      problem={problem}
      isSame={diffRedaction(inForce, draft).length === 0}
      changes={<RedactionDiff from={inForce} to={draft} label="What changes" />}
      reasonMax={REDACTION_REASON_MAX}
      put={put}
      onPut={(putting) => put.mutate({ ...putting, draft })}
      onClose={onClose}
    >
      <Panel title={`Draft of version ${inForce.version + 1}`}>
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
              onRemove={() => setRules(draft.rules.filter(({ id }) => id !== rule.id))}
            />
          ))}
        </ol>
        <button
          type="button"
          className="button"
          disabled={draft.rules.length >= REDACTION_RULES_MAX}
          onClick={() => setRules([...draft.rules, newRule()])}
        >
          <Plus aria-hidden size={14} />
          Add a rule
        </button>
      </Panel>
      <Panel title="What it would hide">
        <RedactionTrial draft={problem === null ? draft : null} />
      </Panel>
    </VersionForm>
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
  const bad = safeParse(redactionDraftSchema, draft);
  if (!bad.success) return 'Each rule needs a label of letters and digits, a place and a role.';
  const [problem] = problemsOfRedaction(draft, () => null);
  return problem === undefined ? null : `${problem}.`;
}
