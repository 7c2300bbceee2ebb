import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { putNewerAnswer } from '../../../renderer/state/newer-answer.ts';

const KEY = ['people.list'];

/** A question whose answer comes when it is let go. */
function heldQuestion(queries: QueryClient): {
  readonly asked: Promise<unknown>;
  readonly answer: (value: string[]) => void;
} {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const asked = queries.fetchQuery({ queryKey: KEY, queryFn: () => promise }).catch(() => undefined);
  return { asked, answer: resolve };
}

it.each([
  ['for the first time', undefined],
  ['anew', ['fay']],
])('shows what an act brought, also where the list was being read %s before it', async (_when, known) => {
  const queries = new QueryClient();
  if (known !== undefined) queries.setQueryData(KEY, known, { updatedAt: 0 });
  const reading = heldQuestion(queries);
  await putNewerAnswer(queries, KEY, ['ann', 'fay']);
  reading.answer(['fay']);
  await reading.asked;
  expect(queries.getQueryData(KEY)).toEqual(['ann', 'fay']);
});
