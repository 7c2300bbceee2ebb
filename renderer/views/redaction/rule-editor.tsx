import { Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { roleSchema, type Role } from '#domain/people.ts';
import { REDACTION_WHERE_MAX, type RedactionRule } from '#domain/redaction/redaction-rule.ts';
import { Choice } from '../../components/choice.tsx';

const WHERE_WORDS = { path: 'a field', pattern: 'what matches a pattern' } as const;

/** One rule to edit. */
export function RuleEditor({
  rule,
  number,
  onEdit,
  onRemove,
}: {
  rule: RedactionRule;
  /** Its place, from 1: what it is called until it has a label. */
  number: number;
  onEdit: (rule: RedactionRule) => void;
  onRemove: () => void;
}): ReactNode {
  const { where } = rule;
  const toggle = (role: Role): void => {
    const roles = rule.roles.includes(role) ? rule.roles.filter((one) => one !== role) : [...rule.roles, role];
    onEdit({ ...rule, roles });
  };
  return (
    <li>
      <fieldset className="redaction-rule">
        <legend>Rule {number}</legend>
        <label className="field">
          Hides
          <Choice
            table={WHERE_WORDS}
            value={where.type}
            onChange={(type) => onEdit({ ...rule, where: emptyWhere(type === 'path') })}
          />
        </label>
        {where.type === 'path' ? (
          <label className="field redaction-where">
            Field
            <input
              className="mono"
              value={where.path}
              maxLength={REDACTION_WHERE_MAX}
              spellCheck={false}
              onChange={(event) => onEdit({ ...rule, where: { ...where, path: event.target.value } })}
            />
          </label>
        ) : (
          <>
            <label className="field redaction-where">
              Pattern
              <input
                className="mono"
                value={where.pattern}
                maxLength={REDACTION_WHERE_MAX}
                spellCheck={false}
                onChange={(event) => onEdit({ ...rule, where: { ...where, pattern: event.target.value } })}
              />
            </label>
            <label className="redaction-check">
              <input
                type="checkbox"
                checked={where.ignoresCase}
                onChange={(event) => onEdit({ ...rule, where: { ...where, ignoresCase: event.target.checked } })}
              />
              Upper or lower case
            </label>
          </>
        )}
        <label className="field">
          Shown as
          <input
            value={rule.label}
            maxLength={40}
            onChange={(event) => onEdit({ ...rule, label: event.target.value })}
          />
        </label>
        <fieldset className="redaction-roles">
          <legend>From</legend>
          {roleSchema.options.map((role) => (
            <label key={role} className="redaction-check">
              <input type="checkbox" checked={rule.roles.includes(role)} onChange={() => toggle(role)} />
              {role}
            </label>
          ))}
        </fieldset>
        <button type="button" className="button" onClick={onRemove} aria-label={`Remove rule ${number}`}>
          <Trash2 aria-hidden size={14} />
          Remove
        </button>
      </fieldset>
    </li>
  );
}

function emptyWhere(isPath: boolean): RedactionRule['where'] {
  return isPath ? { type: 'path', path: 'input.prompt' } : { type: 'pattern', pattern: '', ignoresCase: false };
}
