import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Router } from 'wouter';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineProvider } from '../../../renderer/state/engine-queries.tsx';
import { MarginScreen } from '../../../renderer/views/reconciliation/margin-screen.tsx';

const engine: EngineClient = {
  call: () => Promise.resolve(err({ code: 'internal', detail: null })),
  subscribe: () => () => undefined,
};
const LINE = { kind: 'video', model: 'm1', generations: 1, attempts: 2, earnedCredits: 500 };

/** The last cell of each row, as text. */
function costs(rows: readonly { readonly provider: string; costMicroUsd: number; unknownCosts: number }[]): string[] {
  const queries = new QueryClient();
  const params = { period: '2026-10' };
  queries.setQueryData(['margin.get', 'margin.get', params], {
    unreadableJobs: 0,
    rows: rows.map((row) => ({ ...LINE, ...row })),
  });
  const markup = renderToStaticMarkup(
    <QueryClientProvider client={queries}>
      <EngineProvider client={engine}>
        <Router ssrPath="/reconciliation/margin" ssrSearch="month=2026-10">
          <MarginScreen />
        </Router>
      </EngineProvider>
    </QueryClientProvider>,
  );
  const lines = markup.split('<tbody>')[1]?.split('</tr>') ?? [];
  return lines.slice(0, -1).map((line) => (line.split('<td').at(-1) ?? '').replaceAll(/^[^>]*>|<[^>]*>/gu, ''));
}

it('calls no cost zero of which nothing is known, and says of the sum too what it does not know', () => {
  expect(
    costs([
      { provider: 'films', costMicroUsd: 0, unknownCosts: 2 },
      { provider: 'sounds', costMicroUsd: 1_500_000, unknownCosts: 0 },
    ]),
  ).toEqual(['not known2 of unknown cost', '$1.500000', '$1.5000002 of unknown cost']);
});
