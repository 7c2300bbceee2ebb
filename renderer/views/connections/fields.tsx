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

/** A labelled choice of the keys of a table, each shown by what the table says of it. */
export function ChoiceField<Key extends string>({
  label,
  table,
  value,
  onChange,
}: {
  label: string;
  table: Readonly<Record<Key, string>>;
  value: Key;
  onChange: (value: Key) => void;
}): ReactNode {
  return (
    <label className="field">
      {label}
      <select className="control" value={value} onChange={(event) => onChange(keyOf(table, event.target.value, value))}>
        {Object.entries<string>(table).map(([key, says]) => (
          <option key={key} value={key}>
            {says}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The key of a table that a select named. */
function keyOf<Key extends string>(table: Readonly<Record<Key, string>>, value: string, otherwise: Key): Key {
  const isKey = (name: string): name is Key => Object.hasOwn(table, name);
  return isKey(value) ? value : otherwise;
}
