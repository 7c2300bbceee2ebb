import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { EngineFailure, toWireError } from '../../../renderer/state/engine-failure.ts';
import { RUNNER_ORDERS, useRunnerOrderFailure } from '../../../renderer/state/engine-queries.tsx';

function Shown(): ReactNode {
  const failure = useRunnerOrderFailure();
  return failure === null ? 'nothing' : toWireError(failure).code;
}

it('tells of the last order to the runner alone, also where what gave it is closed', async () => {
  const queries = new QueryClient();
  const shown = (): string =>
    renderToStaticMarkup(
      <QueryClientProvider client={queries}>
        <Shown />
      </QueryClientProvider>,
    );
  const order = (mutationKey: readonly string[], mutationFn: () => Promise<unknown>): Promise<unknown> =>
    queries.getMutationCache().build(queries, { mutationKey, mutationFn }).execute(undefined);
  const refused = (): Promise<never> => Promise.reject(new EngineFailure({ code: 'timed_out', detail: null }));
  expect(shown()).toBe('nothing');
  await expect(order(RUNNER_ORDERS, refused)).rejects.toThrow('timed_out');
  expect(shown()).toBe('timed_out');
  await expect(order(['something else'], refused)).rejects.toThrow('timed_out');
  await order(RUNNER_ORDERS, async () => null);
  expect(shown()).toBe('nothing');
});
