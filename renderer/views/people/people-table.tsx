import { UserMinus } from 'lucide-react';
import type { ReactNode } from 'react';
import type { PersonRow } from '#contract/person-views.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useRoleChange } from '../../state/people-queries.ts';
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
                <RoleSelect
                  label={`Role of ${id}`}
                  value={role}
                  isDisabled={isLocked || change.isPending}
                  onChange={(next) => change.mutate({ personId: id, role: next })}
                />
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
                  onClick={() => change.mutate({ personId: id, role: null })}
                >
                  <UserMinus aria-hidden size={14} />
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <FailureLine failure={change.error} look="note" />
    </>
  );
}
