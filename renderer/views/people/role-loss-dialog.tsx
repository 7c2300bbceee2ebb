import type { ReactNode } from 'react';
import { PERMISSION_WORDS } from '#domain/permission-words.ts';
import { lostPermissions, type Role } from '#domain/people.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useRoleChange } from '../../state/people-queries.ts';

/** A role that would take the place of another; null where it would only be taken away. */
export interface RoleLoss {
  readonly personId: string;
  readonly from: Role;
  readonly to: Role | null;
}

/** Whether a change takes anything away, so that it is asked for once more. */
export function isLoss({ from, to }: Pick<RoleLoss, 'from' | 'to'>): boolean {
  return to === null || lostPermissions(from, to).length > 0;
}

/** Asks once more before somebody's role is taken away or becomes a lesser one, and says what they can do no longer. */
export function RoleLossDialog({
  loss: { personId, from, to },
  onDone,
  onClose,
}: {
  loss: RoleLoss;
  /** Called when it is done, before it closes. */
  onDone?: () => void;
  onClose: () => void;
}): ReactNode {
  const change = useRoleChange();
  const isOwn = useEngineStatus().data?.person.id === personId;
  const permissions = lostPermissions(from, to);
  const lost = permissions.map((permission) => PERMISSION_WORDS[permission].toLowerCase());
  return (
    <ConfirmDialog
      title={to === null ? 'Take the role away' : 'Give another role'}
      action={to === null ? 'Take it away' : 'Change the role'}
      doing={change}
      onConfirm={() =>
        change.mutate(
          { personId, role: to },
          {
            onSuccess: () => {
              onDone?.();
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    >
      {isOwn ? 'You (' : ''}
      <bdi>{personId}</bdi>
      {isOwn ? ') have' : ' has'} the role {from}, and would have {to === null ? 'none' : `the role ${to}`}.{' '}
      {permissions.length === 0
        ? 'Who has none may look all the same, as a viewer does.'
        : `No longer possible would be: ${lost.join('; ')}.`}{' '}
      {isOwn && permissions.includes('policy') && 'It holds at once, and only another founder could give it back.'}
      {!isOwn && permissions.length > 0 && 'It holds in open windows within half a minute.'}
    </ConfirmDialog>
  );
}
