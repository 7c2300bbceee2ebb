import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * Runs a benchmark by its name: `npm run bench -- NAME [options]`, all of them without one. What a benchmark needs is loaded only
 * when it is asked for, so that one may measure a cold start. The exit status is the benchmark's own: 0 where what it checks holds.
 */
type Benchmark = (args: readonly string[]) => Promise<number>;

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  all: async () => (await import('./suite.ts')).runSuite,
  cache: async () => (await import('./cache/benchmark.ts')).runCacheBenchmark,
  claims: async () => (await import('./claims/benchmark.ts')).runClaimsBenchmark,
  growth: async () => (await import('./growth/benchmark.ts')).runGrowthBenchmark,
  reconcile: async () => (await import('./reconcile/benchmark.ts')).runReconcileBenchmark,
  retry: async () => (await import('./retry/benchmark.ts')).runRetryBenchmark,
  runner: async () => (await import('./runner/benchmark.ts')).runRunnerBenchmark,
  sandbox: async () => (await import('./sandbox/benchmark.ts')).runSandboxBenchmark,
  screens: async () => (await import('./screens/benchmark.ts')).runScreensBenchmark,
  seed: async () => (await import('./cache/seed.ts')).runSeedBenchmark,
  transport: async () => (await import('./transport/benchmark.ts')).runTransportBenchmark,
  worlds: async () => (await import('./worlds/benchmark.ts')).runWorldsBenchmark,
};

const USAGE = `Usage: npm run bench -- NAME [options]. There is: ${Object.keys(BENCHMARKS).join(', ')}.
Without a name all of them run but seed and worlds. What each measures: test/bench/README.md.`;

/** A benchmark's options as their page tells them, which is the one place where they stand. */
function usageOf(name: string): string {
  const page = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
  const call = page.match(new RegExp(`\`(npm run bench -- ${name} [^\`]*)\``, 'u'))?.[1];
  return `Usage: ${call ?? `npm run bench -- ${name}`}\nWhat it measures, and what all of them take: test/bench/README.md.`;
}

async function run(given: readonly string[]): Promise<number> {
  const [first = 'all', ...others] = given;
  const [name, args] = first.startsWith('--') ? ['all', given] : [first, others];
  const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (load === undefined) {
    console.error(USAGE);
    return 2;
  }
  if (args.includes('--help')) {
    console.log(first === name ? usageOf(name) : USAGE);
    return 0;
  }
  if (args.includes('--profile')) {
    const { runProfiled } = await import('./suite.ts');
    return runProfiled(
      name,
      args.filter((one) => one !== '--profile'),
    );
  }
  const { uri } = parseArgs({ args: [...args], options: { uri: { type: 'string' } }, strict: false }).values;
  if (typeof uri === 'string') {
    const { EXIT_NO_SERVER, isThere } = await import('../support/named-server.ts');
    if (!(await isThere(uri))) return EXIT_NO_SERVER;
  }
  const benchmark = await load();
  try {
    return await benchmark(args);
  } catch (cause) {
    if (!isMistyped(cause)) throw cause;
    console.error(`${cause.message}\n${usageOf(name)}`);
    return 2;
  }
}

/** True for what `parseArgs` throws of options that there are not. */
function isMistyped(cause: unknown): cause is Error {
  return cause instanceof Error && 'code' in cause && String(cause.code).startsWith('ERR_PARSE_ARGS_');
}

// Not left to end by itself: agenda keeps a timer of five minutes for each job that it has run.
process.exit(await run(process.argv.slice(2)));
