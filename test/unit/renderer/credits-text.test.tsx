import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { err } from '#domain/result.ts';
import { Credits } from '../../../renderer/components/credits-text.tsx';
import { EngineProvider } from '../../../renderer/state/engine-queries.tsx';

const engine = {
  call: async () => err({ code: 'internal' as const, detail: null }),
  subscribe: () => () => undefined,
};

it('shows no amount a hundred times too high while the engine has not said yet how it is', () => {
  const markup = renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <EngineProvider client={engine}>
        <Credits credits={1250} />
      </EngineProvider>
    </QueryClientProvider>,
  );
  expect(markup).toContain('12.50');
});
