import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { makeLargeBooks, optionsOf, type BooksTaker } from '../reconcile/large-books.ts';
import { quantile } from '../figures.ts';
import type { Growth } from './growth.ts';

const ROUNDS = 5;
const NOWHERE: BooksTaker = { addJob: () => undefined, addEntry: () => undefined };

/** What a thousand jobs with their entries cost the rules in ever larger books. */
export function rulesGrowth(sizes: readonly number[]): readonly Growth[] {
  const points = sizes.map((jobs): [number, number] => {
    const books = makeLargeBooks(jobs, 1, NOWHERE);
    const options = optionsOf(books);
    const times: number[] = [];
    // Small books are judged so often that their code is compiled as that of large ones is.
    const rounds = Math.max(ROUNDS, Math.ceil(200_000 / jobs));
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now();
      const { findings } = reconcile(books.view, options);
      times.push(performance.now() - startedAt);
      if (jobs >= 10_000 && findings.length === 0) throw new Error('books with faults have findings');
    }
    return [jobs, (quantile(times.slice(Math.floor(times.length / 2)), 0.5) * 1000) / jobs];
  });
  return [{ name: 'reconciliation: all rules, a thousand jobs', of: 'jobs of the books', points }];
}
