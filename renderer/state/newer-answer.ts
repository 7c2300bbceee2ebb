import type { QueryClient } from '@tanstack/react-query';

/**
 * Shows what an act has brought in the place of a question's answer. Where the question is under way it was asked before the act, and what
 * it brings is not shown any more.
 */
export async function putNewerAnswer(
  queries: QueryClient,
  queryKey: readonly unknown[],
  answer: unknown,
): Promise<void> {
  await queries.cancelQueries({ queryKey, exact: true });
  queries.setQueryData(queryKey, answer);
}
