import { FlaskConical, ShieldAlert, SquareTerminal, Wrench, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { OpenProfile } from '#contract/profile-views.ts';

const KINDS: Readonly<Record<OpenProfile['kind'], { readonly icon: LucideIcon; readonly says: string }>> = {
  production: { icon: ShieldAlert, says: 'Production' },
  staging: { icon: Wrench, says: 'Staging' },
  development: { icon: SquareTerminal, says: 'Development' },
  sandbox: { icon: FlaskConical, says: 'Sandbox' },
  unnamed: { icon: SquareTerminal, says: 'Unnamed' },
};

/** What a deployment is to the team, by colour, sign and word. */
export function ProfileBadge({ kind }: { kind: OpenProfile['kind'] }): ReactNode {
  const { icon: Icon, says } = KINDS[kind];
  return (
    <span className="profile-badge" data-profile={kind}>
      <Icon aria-hidden size={13} />
      {says}
    </span>
  );
}
