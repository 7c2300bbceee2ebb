import type { ReactNode } from 'react';

/**
 * A choice of the keys of a table, each shown by what the table says of it, in the table's order.
 * @param label what it is called where no label stands beside it
 */
export function Choice<Key extends string>({
  label,
  table,
  value,
  isDisabled = false,
  onChange,
}: {
  label?: string;
  table: Readonly<Record<Key, string>>;
  value: Key;
  isDisabled?: boolean;
  onChange: (value: Key) => void;
}): ReactNode {
  const isKey = (name: string): name is Key => Object.hasOwn(table, name);
  return (
    <select
      className="control"
      aria-label={label}
      value={value}
      disabled={isDisabled}
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
