import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { MongoClient } from 'mongodb';
import { ConnectionString } from 'mongodb-connection-string-url';
import { exclusionOf } from './exclusions.ts';
import { serverFacts, unmetRequirement, type ServerFacts } from './requirements.ts';
import { runTest, type Target } from './run-test.ts';
import { readUnifiedFile, type UnifiedFile, type UnifiedTest } from './unified-file.ts';

/** A test that did not hold, or that was not run. */
export interface Finding {
  /** The file's path below the folder that was given. */
  readonly file: string;
  readonly test: string;
  readonly reason: string;
}

/** What came of a folder of tests. */
export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly Finding[];
  readonly skips: readonly Finding[];
}

/** How to run a folder of tests. */
export interface SuiteOptions {
  readonly dir: string;
  readonly uri: string;
  /** Called after each test, with null where it passed. */
  readonly onTest?: (finding: Finding | null) => void;
  /** Runs only tests whose file or description contains this text. */
  readonly only?: string;
}

/**
 * Runs every file in MongoDB's unified test format below a folder, one test after the other. Never rejects for a test that does
 * not hold; rejects where the folder or the server cannot be reached. A file that is no such test is a failure.
 */
export async function runSuite(options: SuiteOptions): Promise<Report> {
  const internal = await new MongoClient(options.uri).connect();
  try {
    const hasAuth = internal.options.credentials !== undefined;
    const server = await serverFacts(internal.db('admin'), hasAuth);
    const uri = server.isSandbox ? uriOfSet(options.uri, server) : options.uri;
    const tally = new Tally(options.onTest);
    for (const path of await testFiles(options.dir)) {
      const name = relative(options.dir, path);
      try {
        const file = await readUnifiedFile(path);
        await runFile(name, file, { options, server, target: { uri, internal }, tally });
      } catch (cause) {
        tally.failed(name, '(the file)', reasonOf(cause));
      }
    }
    return tally.report;
  } finally {
    await internal.close();
  }
}

/** The sandbox's address names one member; tests expect a client that knows the set, and sends no read preference of its own. */
function uriOfSet(uri: string, { setName }: ServerFacts): string {
  const address = new ConnectionString(uri);
  address.searchParams.delete('directConnection');
  if (setName !== null) address.searchParams.set('replicaSet', setName);
  return address.href;
}

async function testFiles(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

interface FileRun {
  readonly options: SuiteOptions;
  readonly server: ServerFacts;
  readonly target: Target;
  readonly tally: Tally;
}

async function runFile(name: string, file: UnifiedFile, run: FileRun): Promise<void> {
  const { only } = run.options;
  for (const test of file.tests) {
    if (only !== undefined && !name.includes(only) && !test.description.includes(only)) continue;
    const reason = skipReasonOf(file, test, run.server);
    if (reason !== null) {
      run.tally.skipped(name, test.description, reason);
      continue;
    }
    try {
      await runTest(file, test, run.target);
      run.tally.passed();
    } catch (cause) {
      run.tally.failed(name, test.description, reasonOf(cause));
    }
  }
}

function skipReasonOf(file: UnifiedFile, test: UnifiedTest, server: ServerFacts): string | null {
  return (
    (test.skipReason === undefined ? null : `skipReason: ${test.skipReason}`) ??
    unmetRequirement(file.runOnRequirements, server) ??
    unmetRequirement(test.runOnRequirements, server) ??
    exclusionOf(file, test, server)
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

class Tally {
  readonly #onTest: ((finding: Finding | null) => void) | undefined;
  readonly #failures: Finding[] = [];
  readonly #skips: Finding[] = [];
  #passed = 0;

  constructor(onTest: ((finding: Finding | null) => void) | undefined) {
    this.#onTest = onTest;
  }

  passed(): void {
    this.#passed += 1;
    this.#onTest?.(null);
  }

  failed(file: string, test: string, reason: string): void {
    this.#failures.push({ file, test, reason });
    this.#onTest?.({ file, test, reason });
  }

  skipped(file: string, test: string, reason: string): void {
    this.#skips.push({ file, test, reason });
  }

  get report(): Report {
    return {
      passed: this.#passed,
      failed: this.#failures.length,
      skipped: this.#skips.length,
      failures: this.#failures,
      skips: this.#skips,
    };
  }
}
