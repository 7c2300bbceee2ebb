import { Ban, CircleDollarSign, CircleHelp, Lock, Undo2, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ChargeStatus } from '#domain/job.ts';

const CHARGES: Readonly<Record<ChargeStatus, { readonly says: string; readonly icon: LucideIcon }>> = {
  not_charged: { says: 'not charged', icon: Ban },
  reserved: { says: 'reserved', icon: Lock },
  charged: { says: 'charged', icon: CircleDollarSign },
  refunded: { says: 'refunded', icon: Undo2 },
  unknown: { says: 'unknown', icon: CircleHelp },
};

/** What can be said of a job's charge, as a word with its sign. */
export function ChargeBadge({ status }: { status: ChargeStatus }): ReactNode {
  const { says, icon: Icon } = CHARGES[status];
  return (
    <span className="charge" data-charge={status}>
      <Icon aria-hidden size={13} />
      {says}
    </span>
  );
}
