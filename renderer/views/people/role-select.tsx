import type { ReactNode } from 'react';
import type { Role } from '#domain/people.ts';
import { Choice } from '../../components/choice.tsx';

/** Each role by its own name, the one that may least first. */
const ROLES: Readonly<Record<Role, string>> = {
  viewer: 'viewer',
  support: 'support',
  finance: 'finance',
  founder: 'founder',
};

/** Chooses a role. */
export function RoleSelect(given: {
  label: string;
  value: Role;
  isDisabled?: boolean;
  onChange: (role: Role) => void;
}): ReactNode {
  return <Choice table={ROLES} {...given} />;
}
