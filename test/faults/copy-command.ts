import { MongoClient } from 'mongodb';
import { randomUUID } from 'node:crypto';
import { startSandbox } from '#sandbox/server.ts';
import { CopyRounds } from '../support/copy-rounds.ts';
import { expectOk } from '../support/expect-ok.ts';
import { SeededRandom } from '../support/model-random.ts';
import { openTestStore } from '../support/test-server.ts';

/**
 * `npm run faults -- --copy`: the process that keeps an offline copy is killed at random points while the server changes; after each
 * round the copy's digests must be the server's. @returns the exit status: 0 where they always were
 */
export async function runCopyRounds(options: {
  readonly rounds: number;
  readonly seed: number;
  readonly uri?: string | undefined;
  readonly isJson: boolean;
}): Promise<number> {
  const sandbox = options.uri === undefined ? await startSandbox({ dataDir: 'memory' }) : null;
  const uri = sandbox?.uri ?? options.uri ?? '';
  const dbName = `faults_${randomUUID().slice(0, 8)}`;
  const store = await openTestStore(uri, dbName);
  const client = await new MongoClient(uri).connect();
  const db = client.db(dbName);
  const rounds = new CopyRounds({ uri, db, store }, new SeededRandom(options.seed));
  const { server } = store.reader.topology;
  console.error(`seed ${options.seed}, ${server}`);
  try {
    expectOk(await store.writer.createIndexes());
    let findings: readonly string[] = [];
    while (rounds.deeds.rounds < options.rounds && findings.length === 0) {
      const startedAt = performance.now();
      findings = await rounds.run();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.error(`round ${rounds.deeds.rounds}: ${seconds} s, ${findings.length} findings`);
      for (const finding of findings) console.error(`  ${finding}`);
    }
    const report = { ...rounds.deeds, findings: findings.length, seed: options.seed, server };
    if (options.isJson) console.log(JSON.stringify(report));
    else for (const [name, value] of Object.entries(report)) console.log(name.padEnd(20), value);
    return findings.length === 0 ? 0 : 1;
  } finally {
    rounds.end();
    await db.dropDatabase();
    await client.close();
    await store.close();
    await sandbox?.stop();
  }
}
