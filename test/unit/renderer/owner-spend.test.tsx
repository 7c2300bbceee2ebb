import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import type { WireError } from '#contract/status.ts';
import { ERRORS } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import { EngineFailure } from '../../../renderer/state/engine-failure.ts';
import { EngineProvider, queryKeys } from '../../../renderer/state/engine-queries.tsx';
import { EVERY_JOB } from '../../../renderer/state/health-query-string.ts';
import { OwnerSpend } from '../../../renderer/views/owner/owner-spend.tsx';

const AWAY: WireError = { code: 'timed_out', detail: null };
const engine = { call: async () => err(AWAY), subscribe: () => () => undefined };

/** What the part shows where the figures of the workspace are still asked for, or could not be read. */
async function markupOf(isFailed: boolean): Promise<string> {
  // A page that is drawn once asks for nothing; what failed before it stays as it is.
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, retryOnMount: false } } });
  if (isFailed) {
    await queries.prefetchQuery({
      queryKey: [...queryKeys.health, '30d', null, { ...EVERY_JOB, workspaceId: 'w1' }],
      queryFn: () => Promise.reject(new EngineFailure(AWAY)),
    });
  }
  return renderToStaticMarkup(
    <QueryClientProvider client={queries}>
      <EngineProvider client={engine}>
        <OwnerSpend workspaceId="w1" />
      </EngineProvider>
    </QueryClientProvider>,
  );
}

it('holds the place of the spend while it is asked for', async () => {
  expect(await markupOf(false)).toContain('aria-busy="true"');
});

it('says why the spend could not be read, with a way to ask again, and waits no longer', async () => {
  const markup = await markupOf(true);
  expect(markup).toContain(ERRORS.timed_out.message);
  expect(markup).toContain('Try again');
  expect(markup).not.toContain('aria-busy');
});
