import { UserPlus } from 'lucide-react';
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { PERSON_ID_MAX, type Role } from '#domain/people.ts';
import { useRoleChange } from '../../state/people-queries.ts';
import { withoutSent } from '../../components/sent-text.ts';
import { RoleSelect } from './role-select.tsx';
import { FailureLine } from '../../components/failure-line.tsx';

/** Gives a role to somebody who has none. */
export function RoleForm(): ReactNode {
  const nameId = useId();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('support');
  const change = useRoleChange();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate({ personId: name.trim(), role }, { onSuccess: () => setName(withoutSent(name)) });
  };
  return (
    <form className="role-form" onSubmit={submit} aria-label="Give a role">
      <label htmlFor={nameId}>Person</label>
      <input
        id={nameId}
        className="control"
        value={name}
        maxLength={PERSON_ID_MAX}
        placeholder="user@database, or the name of an account"
        onChange={(event) => setName(event.target.value)}
      />
      <RoleSelect label="Role to give" value={role} onChange={setRole} />
      <button type="submit" className="button" disabled={name.trim() === '' || change.isPending}>
        <UserPlus aria-hidden size={14} />
        Give role
      </button>
      <FailureLine failure={change.error} />
    </form>
  );
}
