import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

/** What a suite's report says. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Each test that failed, with the first lines of why. */
  readonly failures: readonly string[];
}

const vitestReportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

const playwrightSpecSchema = z.object({
  title: z.string(),
  file: z.string(),
  line: z.number(),
  ok: z.boolean(),
  tests: z.array(
    z.object({
      status: z.string(),
      results: z.array(z.object({ errors: z.array(z.object({ message: z.string().optional() })) })),
    }),
  ),
});
/** A file holds specs and groups of them, to any depth. */
interface PlaywrightSuite {
  readonly specs: readonly z.infer<typeof playwrightSpecSchema>[];
  readonly suites?: readonly PlaywrightSuite[] | undefined;
}
const playwrightSuiteSchema: z.ZodType<PlaywrightSuite> = z.object({
  specs: z.array(playwrightSpecSchema),
  suites: z.lazy(() => z.array(playwrightSuiteSchema)).optional(),
});
const playwrightReportSchema = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number() }),
  suites: z.array(playwrightSuiteSchema),
  errors: z.array(z.object({ message: z.string().optional() })).default([]),
});

/** The first lines of a message, without the colours of a terminal. */
function beginning(message: string): string {
  return stripVTControlCharacters(message).split('\n').slice(0, 12).join('\n    ');
}

function vitestFailures(report: z.infer<typeof vitestReportSchema>): readonly string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const file = path.relative(process.cwd(), name);
    // A file that cannot be imported has no test that could fail.
    if (failed.length === 0) return status === 'failed' ? [`${file}\n    ${beginning(message)}`] : [];
    return failed.map((test) => `${file}: ${test.fullName}\n    ${beginning((test.failureMessages ?? []).join('\n'))}`);
  });
}

function playwrightFailures(suites: readonly PlaywrightSuite[]): readonly string[] {
  return suites.flatMap((suite) => [
    ...suite.specs.flatMap(({ ok, file, line, title, tests }) => {
      if (ok && tests.every((test) => test.status !== 'flaky')) return [];
      const errors = tests.flatMap((test) => test.results.flatMap((result) => result.errors));
      return [`${file}:${line}: ${title}\n    ${beginning(errors.map((error) => error.message ?? '').join('\n'))}`];
    }),
    ...playwrightFailures(suite.suites ?? []),
  ]);
}

/** @param text a report of Vitest's `json` reporter */
export function readVitestReport(text: string): Counts {
  const report = vitestReportSchema.parse(JSON.parse(text));
  return { passed: report.numPassedTests, failed: report.numFailedTests, failures: vitestFailures(report) };
}

/** @param text a report of Playwright's `json` reporter; a spec that passed only when it was repeated did not pass */
export function readPlaywrightReport(text: string): Counts {
  const { stats, suites, errors } = playwrightReportSchema.parse(JSON.parse(text));
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky,
    failures: [...playwrightFailures(suites), ...errors.map((error) => beginning(error.message ?? ''))],
  };
}
