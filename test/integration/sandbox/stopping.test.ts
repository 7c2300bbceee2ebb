import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSandbox } from '#sandbox/server.ts';

describe('a server that is stopped', () => {
  const uncaught: unknown[] = [];
  const note = (cause: unknown): void => void uncaught.push(cause);
  beforeEach(() => void process.on('uncaughtException', note));
  afterEach(() => void process.off('uncaughtException', note));

  it('lets go of commands that a fail point still holds', async () => {
    const sandbox = await startSandbox({ dataDir: 'memory' });
    const client = await new MongoClient(sandbox.uri).connect();
    await client.db('admin').command({
      configureFailPoint: 'failCommand',
      mode: { times: 1 },
      data: { failCommands: ['insert'], blockConnection: true, blockTimeMS: 200 },
    });
    const held = client.db('d').collection('c').insertOne({ a: 1 });
    const outcome = held.then(
      () => 'written',
      () => 'cut off',
    );
    // It has arrived by the time that the next command of the same client is answered.
    await client.db('admin').command({ ping: 1 });
    await sandbox.stop();
    await delay(400);
    await client.close();
    expect(uncaught).toEqual([]);
    expect(await outcome).toBe('cut off');
  });
});
