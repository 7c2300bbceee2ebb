import { z } from 'zod';
import { BenchChild } from '../child.ts';
import { filledCopy } from '../cache/filled-copy.ts';
import type { Growth } from './growth.ts';

const QUERY_PROCESS = new URL('../cache/query-process.ts', import.meta.url);
/** Questions whose answer is larger in a larger copy: more workspaces, more groups, more hits to look through. */
const MORE_TO_SAY = /^(?!page of).*(workspace over|by workspace|groups of failures|search)/;
const casesSchema = z.array(z.object({ name: z.string(), unit: z.string(), ours: z.number() }));

/** What each question of a window costs on ever larger copies: the medians of the cache's own benchmark. */
export async function copyGrowth(
  folder: string,
  options: { readonly sizes: readonly number[]; readonly seed: string; readonly rounds: number },
): Promise<readonly Growth[]> {
  const costs = new Map<string, [number, number][]>();
  for (const jobs of options.sizes) {
    const file = await filledCopy(folder, { jobs, seed: options.seed });
    const answer = await new BenchChild(QUERY_PROCESS, [file, String(options.rounds)]).end();
    for (const { name, unit, ours } of casesSchema.parse(JSON.parse(answer))) {
      const [question] = name.split(', p50');
      if (unit !== 'ms' || question === undefined || question === name) continue;
      costs.set(question, [...(costs.get(question) ?? []), [jobs, ours]]);
    }
  }
  return [...costs].map(([name, points]) => ({
    name: `copy: ${name}`,
    of: 'jobs of the copy',
    points,
    hasMoreToSay: MORE_TO_SAY.test(name),
  }));
}
