import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineProvider, queryKeys } from '../../../renderer/state/engine-queries.tsx';
import { latestJobsOf } from '../../../renderer/state/owner-queries.ts';
import { useVocabulary } from '../../../renderer/views/jobs/use-vocabulary.ts';

const engine: EngineClient = {
  call: () => Promise.resolve(err({ code: 'internal', detail: null })),
  subscribe: () => () => undefined,
};
const ROW = { kind: 'website', provider: 'films', model: 'm1', workspaceId: 'acorn', userId: 'u1', failureCode: null };

function Workspaces(): ReactNode {
  return useVocabulary(true).workspace?.join(', ');
}

it('of the filter is what the lists have shown, also behind the page of a workspace', () => {
  const queries = new QueryClient();
  queries.setQueryData([...queryKeys.jobPages, 'any'], { pages: [{ rows: [ROW] }], pageParams: [null] });
  queries.setQueryData(latestJobsOf(engine, 'workspace', 'birch', []).queryKey, []);
  const markup = renderToStaticMarkup(
    <QueryClientProvider client={queries}>
      <EngineProvider client={engine}>
        <Workspaces />
      </EngineProvider>
    </QueryClientProvider>,
  );
  expect(markup).toBe('acorn');
});
