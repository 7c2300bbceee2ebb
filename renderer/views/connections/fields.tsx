import type { ReactNode } from 'react';

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

interface ChoiceProps<Key extends string> {
  readonly table: Readonly<Record<Key, string>>;
  readonly value: Key;
  readonly onChange: (value: Key) => void;
}

/** A labelled choice of the keys of a table, each shown by what the table says of it. */
export function ChoiceField<Key extends string>({
  label,
  ...choice
}: ChoiceProps<Key> & { readonly label: string }): ReactNode {
  return (
    <label className="field">
      {label}
      <Choice {...choice} />
    </label>
  );
}

/** The choice alone. @param label what it is called where no label stands beside it */
export function Choice<Key extends string>({
  label,
  table,
  value,
  onChange,
}: ChoiceProps<Key> & { readonly label?: string }): ReactNode {
  const isKey = (name: string): name is Key => Object.hasOwn(table, name);
  return (
    <select
      className="control"
      aria-label={label}
      value={value}
      onChange={(event) => {
        if (isKey(event.target.value)) onChange(event.target.value);
      }}
    >
      {Object.entries<string>(table).map(([key, says]) => (
        <option key={key} value={key}>
          {says}
        </option>
      ))}
    </select>
  );
}
