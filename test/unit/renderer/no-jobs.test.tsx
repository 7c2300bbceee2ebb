import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineProvider } from '../../../renderer/state/engine-queries.tsx';
import { parseJobsQuery } from '../../../renderer/state/jobs-query-string.ts';
import { NoJobs } from '../../../renderer/views/jobs/no-jobs.tsx';

function titleAt(query: string): string {
  const engine: EngineClient = {
    call: () => Promise.resolve(err({ code: 'internal', detail: null })),
    subscribe: () => () => undefined,
  };
  const markup = renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <EngineProvider client={engine}>
        <NoJobs view={parseJobsQuery(query)} />
      </EngineProvider>
    </QueryClientProvider>,
  );
  return /<h2[^>]*>([^<]*)/u.exec(markup)?.[1] ?? '';
}

it('calls no collection empty whose list begins at a time before every job', () => {
  expect(titleAt('at=2001-01-01T00:00:00.000Z')).toBe('No job from there on');
  expect(titleAt('at=2001-01-01T00:00:00.000Z&state=failed')).toBe('No job from there on');
  expect(titleAt('state=failed')).toBe('No job matches');
  expect(titleAt('')).toBe('No jobs yet');
});
