import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Router } from 'wouter';
import { ERRORS } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineFailure } from '../../../renderer/state/engine-failure.ts';
import { EngineProvider, queryKeys } from '../../../renderer/state/engine-queries.tsx';
import { parseAuditQuery } from '../../../renderer/state/audit-query-string.ts';
import { AuditScreen } from '../../../renderer/views/audit/audit-screen.tsx';

const engine: EngineClient = {
  call: () => Promise.resolve(err({ code: 'internal', detail: null })),
  subscribe: () => () => undefined,
};

it('says once why the audit could not be read', async () => {
  // A page that is drawn once asks for nothing; what failed before it stays as it is.
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, retryOnMount: false } } });
  const { filter, list } = parseAuditQuery('');
  await queries.prefetchInfiniteQuery({
    queryKey: [...queryKeys.audit, filter, list],
    queryFn: () => Promise.reject(new EngineFailure({ code: 'timed_out', detail: null })),
    initialPageParam: null,
  });
  const markup = renderToStaticMarkup(
    <QueryClientProvider client={queries}>
      <EngineProvider client={engine}>
        <Router ssrPath="/audit" ssrSearch="">
          <AuditScreen />
        </Router>
      </EngineProvider>
    </QueryClientProvider>,
  );
  expect(markup.split(ERRORS.timed_out.message)).toHaveLength(2);
});
