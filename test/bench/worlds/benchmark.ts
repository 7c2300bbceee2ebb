import { parseArgs } from 'node:util';
import { checkWorlds } from './worlds.ts';

/** The most worlds of one run. */
const WORLDS_MAX = 1_000_000;

/**
 * `npm run bench -- worlds --worlds N [--seed S] [--json]`: reconciles N clean and N seeded random worlds. Exits 1 when a
 * clean one has a finding, or a seeded one has not exactly the planted ones, or mends leave anything open.
 */
export function runWorldsBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      worlds: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const worlds = Number(values.worlds);
  const seed = Number(values.seed);
  if (!Number.isInteger(worlds) || worlds < 1 || worlds > WORLDS_MAX || !Number.isInteger(seed)) {
    console.error(`--worlds is a number from 1 to ${WORLDS_MAX}, --seed a whole number`);
    return Promise.resolve(2);
  }
  const startedAt = performance.now();
  const result = checkWorlds(worlds, seed);
  const seconds = (performance.now() - startedAt) / 1000;
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(`${worlds} clean worlds: ${result.cleanFindings} findings`);
    console.log(
      `${worlds} seeded worlds with ${result.planted} faults: ${result.missed} missed, ${result.extra} extra`,
    );
    console.log(
      `after posting all mends: ${result.afterMends} findings, ${result.violations} broken invariants  (${seconds.toFixed(1)} s)`,
    );
    if (result.seeds.length > 0) console.log(`look at seeds ${result.seeds.join(', ')}`);
  }
  const wrong = result.cleanFindings + result.missed + result.extra + result.afterMends + result.violations;
  return Promise.resolve(wrong === 0 ? 0 : 1);
}
