import { useId, useState, type ReactNode } from 'react';
import { failureClassSchema, type FailureClass } from '#domain/failure.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import type { ClassRule } from '#domain/retry-policy.ts';
import { Choice } from '../../components/choice.tsx';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { useCreditScale } from '../../state/engine-queries.tsx';
import { MatrixHead } from './policy-matrix.tsx';
import { CHARGE_WORDS, PERSON_RULE_WORDS } from '#domain/policy-words.ts';

interface EditorProps {
  readonly draft: PolicyDraft;
  /** A number that cannot be read comes as NaN, which no policy takes. */
  readonly onEdit: (draft: PolicyDraft) => void;
}

const MS = 1000;

/** The matrix to edit. */
export function MatrixEditor({ draft, onEdit }: EditorProps): ReactNode {
  const edit = (name: FailureClass, rule: ClassRule): void =>
    onEdit({ ...draft, classes: { ...draft.classes, [name]: rule } });
  return (
    <div className="wide-table">
      <table className="plain-table policy-table">
        <caption className="visually-hidden">What is to happen after each class of failure</caption>
        <MatrixHead waitUnit=" (s)" />
        <tbody>
          {failureClassSchema.options.map((name) => (
            <RuleRow key={name} name={name} rule={draft.classes[name]} onEdit={(rule) => edit(name, rule)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RuleRow({
  name,
  rule,
  onEdit,
}: {
  name: FailureClass;
  rule: ClassRule;
  onEdit: (rule: ClassRule) => void;
}): ReactNode {
  const says = FAILURE_CLASS_NAMES[name];
  return (
    <tr>
      <th scope="row">{says}</th>
      <td className="number">
        <NumberField
          label={`${says}: retries by a runner`}
          value={rule.automatic}
          onChange={(automatic) => onEdit({ ...rule, automatic })}
        />
      </td>
      <td className="number">
        <NumberField
          label={`${says}: first wait, seconds`}
          value={rule.backoffBaseMs}
          unit={MS}
          onChange={(backoffBaseMs) => onEdit({ ...rule, backoffBaseMs })}
        />
      </td>
      <td className="number">
        <NumberField
          label={`${says}: longest wait, seconds`}
          value={rule.backoffMaxMs}
          unit={MS}
          onChange={(backoffMaxMs) => onEdit({ ...rule, backoffMaxMs })}
        />
      </td>
      <td>
        <Choice
          label={`${says}: a person retries it`}
          value={rule.person}
          table={PERSON_RULE_WORDS}
          onChange={(person) => onEdit({ ...rule, person })}
        />
      </td>
      <td>
        <Choice
          label={`${says}: the hold is`}
          value={rule.charge}
          table={CHARGE_WORDS}
          onChange={(charge) => onEdit({ ...rule, charge })}
        />
      </td>
      <td>
        <textarea
          className="control policy-why"
          aria-label={`${says}: why`}
          rows={2}
          value={rule.why}
          maxLength={300}
          onChange={(event) => onEdit({ ...rule, why: event.target.value })}
        />
      </td>
    </tr>
  );
}

/** From which amounts on a plan needs more than a click. */
export function SpendEditor({ draft, onEdit }: EditorProps): ReactNode {
  const unit = 10 ** useCreditScale();
  const { spend } = draft;
  const [typedId, approvalId] = [useId(), useId()];
  return (
    <div className="policy-spend">
      <div className="field">
        <label htmlFor={typedId}>A plan&apos;s amount is typed above, credits</label>
        <NumberField
          id={typedId}
          value={spend.typedCredits}
          unit={unit}
          onChange={(typedCredits) => onEdit({ ...draft, spend: { ...spend, typedCredits } })}
        />
      </div>
      <div className="field">
        <label htmlFor={approvalId}>Another person approves above, credits</label>
        <NumberField
          id={approvalId}
          value={spend.approvalCredits}
          unit={unit}
          onChange={(approvalCredits) => onEdit({ ...draft, spend: { ...spend, approvalCredits } })}
        />
      </div>
    </div>
  );
}

/** A number that is kept as people write it until it can be read. @param unit how many of the kept unit one of the shown is */
function NumberField({
  id,
  label,
  value,
  unit = 1,
  onChange,
}: {
  id?: string;
  label?: string;
  value: number;
  unit?: number;
  onChange: (value: number) => void;
}): ReactNode {
  const [text, setText] = useState(Number.isNaN(value) ? '' : String(value / unit));
  return (
    <input
      id={id}
      className="control policy-number"
      inputMode="decimal"
      aria-label={label}
      aria-invalid={Number.isNaN(value)}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        const read = event.target.value.trim() === '' ? Number.NaN : Number(event.target.value);
        // Of 0.1 s no binary fraction makes exactly 100 ms.
        const kept = Number((read * unit).toFixed(6));
        onChange(Number.isInteger(kept) && kept >= 0 ? kept : Number.NaN);
      }}
    />
  );
}
