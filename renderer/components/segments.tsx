import type { ReactNode } from 'react';
import './segments.css';

/** A choice of one of a few, all in sight. */
export function Segments<Value extends string>({
  name,
  value,
  options,
  onChange,
}: {
  name: string;
  value: Value;
  options: readonly { readonly value: Value; readonly says: string }[];
  onChange: (value: Value) => void;
}): ReactNode {
  return (
    <fieldset className="segments" aria-label={name}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          className="segment"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.says}
        </button>
      ))}
    </fieldset>
  );
}
