import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { CopyUpgrade, EngineStatus } from '#contract/status.ts';
import { err } from '#domain/result.ts';
import { accessOf } from '#domain/people.ts';
import { StatusBoard } from '#engine/status-board.ts';
import { ConnectionBanner } from '../../../renderer/app/connection-banner.tsx';
import { FailureMessage } from '../../../renderer/components/screen-message.tsx';
import { EngineFailure } from '../../../renderer/state/engine-failure.ts';
import { EngineProvider, queryKeys, useKnownCounts } from '../../../renderer/state/engine-queries.tsx';

function statusOf(copyUpgrade: CopyUpgrade | null): EngineStatus {
  const access = accessOf({ role: 'founder', isReadOnly: false });
  const board = new StatusBoard(
    '1.0.0',
    { id: null, name: 'shop', kind: 'unnamed' },
    { id: 'ada', isVerified: true, role: 'founder', access, lacking: {} },
    () => undefined,
  );
  board.set({ copyUpgrade });
  return board.current;
}

function textOf(part: ReactNode, copyUpgrade: CopyUpgrade | null): string {
  const queries = new QueryClient();
  queries.setQueryData(queryKeys.status, statusOf(copyUpgrade));
  const engine = {
    call: () => Promise.resolve(err({ code: 'internal', detail: null } as const)),
    subscribe: () => () => undefined,
  };
  return renderToStaticMarkup(
    <QueryClientProvider client={queries}>
      <EngineProvider client={engine}>{part}</EngineProvider>
    </QueryClientProvider>,
  ).replaceAll(/<[^>]*>/gu, '');
}

function Total(): ReactNode {
  return useKnownCounts()?.total ?? 'unknown';
}

describe('a copy that an older version wrote', () => {
  it('is told in the banner with how far it is, how long it takes, and what can be done meanwhile', () => {
    const says = textOf(<ConnectionBanner />, { jobsDone: 250_000, jobsTotal: 1_000_000, remainingMs: 75_000 });
    expect(says).toContain('250,000 of 1,000,000 jobs, about 1 min 15 s left');
    expect(says).toMatch(/The runner, .* work meanwhile/);
    expect(says).toContain('nothing is lost');
  });

  it('is told without figures before there are any, and not at all where there is none', () => {
    const says = textOf(<ConnectionBanner />, { jobsDone: 0, jobsTotal: 0, remainingMs: null });
    expect(says).toContain('Bringing the offline copy to the form of this version');
    expect(says).not.toMatch(/\d/);
    expect(textOf(<ConnectionBanner />, null)).not.toContain('offline copy');
  });

  it('has no count of jobs shown as none', () => {
    expect(textOf(<Total />, { jobsDone: 0, jobsTotal: 9, remainingMs: null })).toBe('unknown');
    expect(textOf(<Total />, null)).toBe('0');
  });

  it('is no fault on a screen that reads it', () => {
    const failure = new EngineFailure({ code: 'copy_upgrading', detail: null });
    expect(textOf(<FailureMessage failure={failure} onAskAgain={() => undefined} />, null)).not.toContain('Try again');
  });
});
