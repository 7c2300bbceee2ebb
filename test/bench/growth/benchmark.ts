import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startServerProcess } from '../../faults/processes.ts';
import { lineOf, peakMemoryCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { ownServerFacts, serverFacts } from '../server-facts.ts';
import { claimGrowth } from './claim-growth.ts';
import { copyGrowth } from './copy-growth.ts';
import { growthCase, type Growth } from './growth.ts';
import { rulesGrowth } from './rules-growth.ts';
import { runnerGrowth } from './runner-growth.ts';
import { serverGrowth } from './server-growth.ts';

const PARTS = ['rules', 'copy', 'server', 'claims', 'runner'] as const;
const SIZES = [1000, 10_000, 100_000, 1_000_000] as const;
const FULL = { sizes: SIZES, calls: 1500, jobs: 1000, rounds: 20 } as const;
const QUICK = { sizes: [1000, 3000], calls: 50, jobs: 120, rounds: 6 } as const;

/**
 * `npm run bench -- growth [--max N] [--only PARTS] [--uri URI] [--copy-dir DIR] [--seed S] [--quick] [--json]`: what one call, one job or
 * a thousand rows cost with 10^3, 10^4, 10^5 and 10^6 of what there may be much of, and the exponent that fits. Parts: the rules of
 * reconciliation, the questions to the copy, the sandbox server, claims of a long queue, and a job of the runner. `--copy-dir` keeps the
 * filled copies for the next time. Exits 0 where every answer was right; no figure fails it.
 */
export async function runGrowthBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      max: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      uri: { type: 'string' },
      'copy-dir': { type: 'string' },
      seed: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const plan = values.quick ? QUICK : FULL;
  const sizes = plan.sizes.filter((size) => size <= Number(values.max));
  const parts = values.only === undefined ? PARTS : PARTS.filter((part) => values.only?.split(',').includes(part));
  if (sizes.length < 2 || parts.length === 0) {
    console.error(`--max is a number from 10000 to 1000000, and --only names some of ${PARTS.join(', ')}`);
    return 2;
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'runledger-growth-'));
  const own =
    values.uri === undefined
      ? await startServerProcess({ dataDir: path.join(folder, 'server'), port: 0, skewMs: 0 })
      : null;
  const uri = values.uri ?? `mongodb://127.0.0.1:${own?.port ?? 0}/?directConnection=true`;
  const measure: Readonly<Record<(typeof PARTS)[number], () => Promise<readonly Growth[]>>> = {
    rules: () => Promise.resolve(rulesGrowth(sizes)),
    copy: () => copyGrowth(values['copy-dir'] ?? folder, { sizes, seed: values.seed, rounds: plan.rounds }),
    server: () => serverGrowth(uri, sizes, plan.calls),
    claims: () => claimGrowth(uri, sizes),
    runner: () => runnerGrowth(uri, { sizes, jobs: plan.jobs, concurrency: 100 }),
  };
  try {
    const server = own === null ? await serverFacts(uri) : await ownServerFacts(uri, { isDurable: true });
    const growths: Growth[] = [];
    for (const part of parts) {
      const measured = await measure[part]();
      growths.push(...measured);
      for (const one of measured) console.error(lineOf(growthCase(one)));
    }
    const cases = [
      ...growths.map(growthCase),
      peakMemoryCase('memory of the process that asks, judges and runs, at most'),
    ];
    printReport(
      {
        benchmark: values.only === undefined ? 'growth' : `growth ${parts.join(' ')}`,
        setUp: { server, sizes, parts, calls: plan.calls, jobs: plan.jobs },
        cases,
      },
      values.json,
    );
    return 0;
  } finally {
    await own?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}
