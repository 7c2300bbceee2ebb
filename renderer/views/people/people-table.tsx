import { UserMinus } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { PersonRow } from '#contract/person-views.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useRoleChange } from '../../state/people-queries.ts';
import { isLoss, RoleLossDialog, type RoleLoss } from './role-loss-dialog.tsx';
import { RoleSelect } from './role-select.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** Everybody who has a role; it is changed and taken away in place. */
export function PeopleTable({
  people,
  isLocked,
}: {
  people: readonly PersonRow[];
  /** True where the person who looks may not change anything. */
  isLocked: boolean;
}): ReactNode {
  const change = useRoleChange();
  const [loss, setLoss] = useState<RoleLoss | null>(null);
  return (
    <>
      <table className="plain-table people-table">
        <caption className="visually-hidden">People and their roles</caption>
        <TableHead columns={['Person', 'Role', 'Since', 'Given by', { hidden: 'Take away' }]} />
        <tbody>
          {people.map(({ id, role, sinceMs, by }) => (
            <tr key={id}>
              <th scope="row">
                <bdi>{id}</bdi>
              </th>
              <td>
                <RoleOf person={{ id, role }} isLocked={isLocked} change={change} onLoss={setLoss} />
              </td>
              <td>
                <RelativeTime atMs={sinceMs} />
              </td>
              <td>
                <bdi>{by}</bdi>
              </td>
              <td>
                <button
                  type="button"
                  className="icon-button"
                  disabled={isLocked || change.isPending}
                  aria-label={`Take the role of ${id} away`}
                  title="Take the role away; this person may then only look"
                  onClick={() => setLoss({ personId: id, from: role, to: null })}
                >
                  <UserMinus aria-hidden size={14} />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <FailureLine failure={change.error} look="note" />
      {loss !== null && <RoleLossDialog loss={loss} onClose={() => setLoss(null)} />}
    </>
  );
}

/**
 * A person's role. Another one is given by a press of its own, because keys walk through all of them on the way to one; one that takes
 * something away is asked for once more.
 */
function RoleOf({
  person: { id, role },
  isLocked,
  change,
  onLoss,
}: {
  person: Pick<PersonRow, 'id' | 'role'>;
  isLocked: boolean;
  change: ReturnType<typeof useRoleChange>;
  onLoss: (loss: RoleLoss) => void;
}): ReactNode {
  const [chosen, setChosen] = useState(role);
  const [known, setKnown] = useState(role);
  if (known !== role) {
    setKnown(role);
    setChosen(role);
  }
  const give = (): void => {
    const asked = { personId: id, from: role, to: chosen };
    if (isLoss(asked)) onLoss(asked);
    else change.mutate({ personId: id, role: chosen });
  };
  return (
    <div className="role-of">
      <RoleSelect
        label={`Role of ${id}`}
        value={chosen}
        isDisabled={isLocked || change.isPending}
        onChange={setChosen}
      />
      {chosen !== role && (
        <>
          <button type="button" className="button" disabled={change.isPending} onClick={give}>
            Change
          </button>
          <button type="button" className="button" disabled={change.isPending} onClick={() => setChosen(role)}>
            Keep {role}
          </button>
        </>
      )}
    </div>
  );
}
