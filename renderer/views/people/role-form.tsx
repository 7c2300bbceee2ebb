import { UserPlus } from 'lucide-react';
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import type { PersonRow } from '#contract/person-views.ts';
import { PERSON_ID_MAX, type Role } from '#domain/people.ts';
import { useRoleChange } from '../../state/people-queries.ts';
import { withoutSent } from '../../components/sent-text.ts';
import { isLoss, RoleLossDialog, type RoleLoss } from './role-loss-dialog.tsx';
import { RoleSelect } from './role-select.tsx';
import { FailureLine } from '../../components/failure-line.tsx';

/** Gives a role by name, mostly to somebody who has none; to who has one already, it is the other role that is given. */
export function RoleForm({ people }: { people: readonly PersonRow[] }): ReactNode {
  const nameId = useId();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('support');
  const change = useRoleChange();
  const [loss, setLoss] = useState<RoleLoss | null>(null);
  const forget = (): void => setName(withoutSent(name));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const personId = name.trim();
    const standing = people.find(({ id }) => id === personId);
    const asked = standing === undefined ? null : { personId, from: standing.role, to: role };
    if (asked !== null && isLoss(asked)) setLoss(asked);
    else change.mutate({ personId, role }, { onSuccess: forget });
  };
  return (
    <>
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
      {loss !== null && <RoleLossDialog loss={loss} onDone={forget} onClose={() => setLoss(null)} />}
    </>
  );
}
