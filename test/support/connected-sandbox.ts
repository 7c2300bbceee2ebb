import { MongoClient, type MongoClientOptions } from 'mongodb';
import { afterAll } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';

/** A sandbox that keeps nothing, with a client, for the tests of a file: both end behind the last of them. */
export async function connectedSandbox(
  options: MongoClientOptions = {},
): Promise<{ readonly sandbox: Sandbox; readonly client: MongoClient }> {
  const sandbox = await startSandbox({ dataDir: 'memory' });
  const client = await new MongoClient(sandbox.uri, options).connect();
  afterAll(async () => {
    await client.close();
    await sandbox.stop();
  });
  return { sandbox, client };
}
