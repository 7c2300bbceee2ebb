import type { ReactNode } from 'react';
import { Choice } from '../../components/choice.tsx';

/** A labelled line of text. */
export function TextField(given: { label: string; value: string; onChange: (value: string) => void }): ReactNode {
  return (
    <label className="field">
      {given.label}
      <input
        value={given.value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => given.onChange(event.target.value)}
      />
    </label>
  );
}

/** A labelled line for what nobody may read over a shoulder. */
export function SecretField(given: {
  label: string;
  value: string;
  placeholder?: string;
  onChange: (value: string) => void;
}): ReactNode {
  return (
    <label className="field">
      {given.label}
      <input
        type="password"
        autoComplete="off"
        value={given.value}
        placeholder={given.placeholder}
        onChange={(event) => given.onChange(event.target.value)}
      />
    </label>
  );
}

/** A labelled choice of the keys of a table. */
export function ChoiceField<Key extends string>({
  label,
  ...choice
}: {
  label: string;
  table: Readonly<Record<Key, string>>;
  value: Key;
  onChange: (value: Key) => void;
}): ReactNode {
  return (
    <label className="field">
      {label}
      <Choice {...choice} />
    </label>
  );
}
