import { Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { ProfileBadge } from '../components/profile-badge.tsx';
import { useEngineStatus } from '../state/engine-queries.tsx';

/** Where one is, across the whole window and always in sight: whoever acts on production has to know it. */
export function ProfileStrip(): ReactNode {
  const status = useEngineStatus().data;
  if (status === undefined) return <div className="profile-strip" data-profile="unnamed" />;
  const { profile, connection, person } = status;
  const isReadOnly =
    person.access.retry.write?.cause === 'read_only' || person.access.policy.write?.cause === 'read_only';
  return (
    <section className="profile-strip" data-profile={profile.kind} aria-label="Open connection">
      <ProfileBadge kind={profile.kind} />
      <strong>
        <bdi>{profile.name}</bdi>
      </strong>
      {connection.label !== '' && profile.kind !== 'sandbox' && (
        <bdi className="profile-strip-label">{connection.label}</bdi>
      )}
      {isReadOnly && (
        <span className="profile-strip-note">
          <Lock aria-hidden size={12} />
          read only
        </span>
      )}
      <Link className="profile-strip-link" href="/connections">
        Connections
      </Link>
    </section>
  );
}
