import { Command, defaultFilter } from 'cmdk';
import type { ReactNode } from 'react';
import type { JobRow } from '#contract/job-views.ts';
import type { OwnerKind } from '#contract/owner-views.ts';
import { MarkedText } from '../components/marked-text.tsx';
import { StateBadge } from '../components/state-badge.tsx';
import { jobHref, ownerHref } from '../state/jobs-query-string.ts';
import type { Found } from '../state/palette-queries.ts';

interface FoundRowsProps {
  readonly found: Found;
  /** As it stands in the field. */
  readonly typed: string;
  readonly onGo: (href: string) => void;
}

const jobValue = (id: string): string => `job ${id}`;
const ownerRow = (owner: OwnerKind, id: string) => ({ value: `${owner} ${id}`, href: ownerHref(owner, id) });

/** How well a row of the palette fits: what the engine found for just these letters does wholly, and stays in the engine's order. */
export function scoreOf(value: string, search: string, keywords: readonly string[] = []): number {
  return keywords.includes(search) ? 1 : defaultFilter(value, search, [...keywords]);
}

/** The first of the rows: what the palette's list calls it, and where it leads; null where there is none. */
export function firstRowOf({ jobs, workspaceIds, userIds }: Found): {
  readonly value: string;
  readonly href: string;
} | null {
  const [job] = jobs;
  const [workspaceId] = workspaceIds;
  const [userId] = userIds;
  if (job !== undefined) return { value: jobValue(job.id), href: jobHref(job.id) };
  if (workspaceId !== undefined) return ownerRow('workspace', workspaceId);
  return userId === undefined ? null : ownerRow('user', userId);
}

/**
 * What the engine found, as rows of the palette. Belongs under a key of what was typed: the palette's list scores a row once, by the letters
 * for which it came to stand there.
 */
export function FoundRows({ found, typed, onGo }: FoundRowsProps): ReactNode {
  return (
    <>
      {found.jobs.length > 0 && (
        <Command.Group heading="Jobs">
          {found.jobs.map((row) => (
            <Command.Item
              key={row.id}
              className="palette-item"
              keywords={[typed]}
              value={jobValue(row.id)}
              onSelect={() => onGo(jobHref(row.id))}
            >
              <FoundJob row={row} />
            </Command.Item>
          ))}
        </Command.Group>
      )}
      <FoundOwners owner="workspace" ids={found.workspaceIds} typed={typed} onGo={onGo} />
      <FoundOwners owner="user" ids={found.userIds} typed={typed} onGo={onGo} />
    </>
  );
}

function FoundOwners({
  owner,
  ids,
  typed,
  onGo,
}: Omit<FoundRowsProps, 'found'> & { owner: OwnerKind; ids: readonly string[] }): ReactNode {
  if (ids.length === 0) return null;
  return (
    <Command.Group heading={owner === 'workspace' ? 'Workspaces' : 'Users'}>
      {ids.map((id) => {
        const { value, href } = ownerRow(owner, id);
        return (
          <Command.Item key={id} className="palette-item" keywords={[typed]} value={value} onSelect={() => onGo(href)}>
            <bdi>{id}</bdi>
            <span className="palette-note">jobs, spend, ledger</span>
          </Command.Item>
        );
      })}
    </Command.Group>
  );
}

function FoundJob({ row }: { row: JobRow }): ReactNode {
  return (
    <>
      <StateBadge state={row.state} />
      <bdi className="mono">{row.id}</bdi>
      <bdi className="palette-note">
        <MarkedText text={row.promptStart} />
      </bdi>
    </>
  );
}
