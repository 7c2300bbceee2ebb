import type { ReactNode } from 'react';
import { roleSchema, type Role } from '#domain/people.ts';

/** Chooses a role. */
export function RoleSelect({
  label,
  value,
  isDisabled = false,
  onChange,
}: {
  label: string;
  value: Role;
  isDisabled?: boolean;
  onChange: (role: Role) => void;
}): ReactNode {
  return (
    <select
      className="control"
      aria-label={label}
      value={value}
      disabled={isDisabled}
      onChange={(event) => onChange(roleSchema.parse(event.target.value))}
    >
      {roleSchema.options.map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  );
}
