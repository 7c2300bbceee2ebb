import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { startIdentityProvider, visit, type TestIdentityProvider } from '../../support/identity-provider.ts';
import { runProgram } from '../../support/run-program.ts';

let provider: TestIdentityProvider;
let sandbox: Sandbox;
let uri: string;

beforeAll(async () => {
  provider = await startIdentityProvider();
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users: [], identityProvider: provider.forSandbox } });
  uri = `${sandbox.uri}&authMechanism=MONGODB-OIDC`;
});
afterAll(async () => {
  await sandbox.stop();
  await provider.stop();
});

/** Runs a command, and is the person who takes the page that it prints to a browser. */
function runSignedIn(program: string, args: readonly string[]): Promise<{ status: number | null; said: string }> {
  const child = spawn(process.execPath, [program, ...args, '--uri', uri, '--db', 'shop'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let isVisited = false;
  const hear = (chunk: Buffer): void => {
    said += chunk.toString('utf8');
    const page = /^http:\S+$/m.exec(said)?.[0];
    if (page === undefined || isVisited || !said.endsWith('\n')) return;
    isVisited = true;
    void visit(page);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, said })));
}

describe('a command on a server where people sign in', () => {
  it.each([
    ['electron/cli/cli.ts', ['indexes']],
    ['electron/cli/cli.ts', ['reconcile', '--json']],
    ['electron/cli/doctor/doctor.ts', []],
  ] as const)(
    '%s %j prints the page, goes on once somebody signed in there, and tells no token',
    async (program, args) => {
      const { said } = await runSignedIn(program, args);
      expect(said).toContain('open this page in a browser on this machine');
      expect(said).not.toMatch(/sign_in|sign in in the browser/);
      for (const token of provider.tokens) expect(said).not.toContain(token);
      expect(provider.tokens.length).toBeGreaterThan(0);
    },
  );

  it('is refused at once where it runs with nobody before it', async () => {
    const { status, stderr } = await runProgram('electron/cli/runner.ts', ['--uri', uri, '--db', 'shop'], {
      env: { RUNLEDGER_PROVIDER_URL: 'http://127.0.0.1:1/v1' },
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain('log in as a machine');
  });
});
