import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

function runIndexes(...args: readonly string[]): Promise<Finished> {
  return runProgram(program, ['indexes', '--uri', server.uri, '--db', server.dbName, ...args]);
}

describe('npm run cli -- indexes', () => {
  it('lists what is missing as lines for mongosh, writes nothing unasked, and creates it when asked', async () => {
    const listed = await runIndexes();
    expect(listed.status).toBe(3);
    expect(listed.stdout).toContain(
      'db.jobs.createIndex({"state":1,"priority":-1,"notBefore":1,"_id":1}, {"name":"rl_claim"})',
    );
    expect(await server.client.db(server.dbName).listCollections().toArray()).toEqual([]);

    const created = await runIndexes('--create', '--json');
    expect(created.status).toBe(0);
    expect(JSON.parse(created.stdout)).toMatchObject({
      missing: [],
      created: expect.arrayContaining(['jobs.rl_claim']) as unknown,
    });

    expect(await runIndexes()).toMatchObject({ status: 0, stdout: 'Nothing is missing.\n' });
  });

  it('names collections and fields as a product names them, and so does what prints the roles', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runledger-mapping-'));
    try {
      const file = path.join(folder, 'mapping.json');
      writeFileSync(file, JSON.stringify(SHOP_MAPPING));
      const listed = await runProgram(program, ['indexes', '--uri', server.uri, '--db', 'shop', '--mapping', file]);
      expect(listed.stdout).toContain(
        'db.render_tasks.createIndex({"status":1,"priority":-1,"run_at":1,"_id":1}, {"name":"rl_claim"})',
      );
      const roles = await runProgram(program, ['roles', '--db', 'shop', '--mapping', file]);
      expect(roles.stdout).toContain('"collection":"render_tasks"');
      expect(roles.stdout).toContain('"collection":"wallet_moves"');
      expect(roles.stdout).not.toMatch(/"collection":"(jobs|credit_ledger|credit_accounts)"/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
