import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectOk } from '../../support/expect-ok.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));
const POLLING = { timeout: 20_000 };

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

async function cli(
  ...args: readonly string[]
): Promise<{ readonly status: number | null; readonly out: string; readonly err: string }> {
  const { uri, dbName } = deployment.server;
  const child = spawn(process.execPath, [program, ...args, '--uri', uri, '--db', dbName], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, out, err };
}

async function cause(jobId: string): Promise<unknown> {
  const { status, out } = await cli('why', jobId, '--json');
  expect(status).toBe(0);
  return (JSON.parse(out) as { cause: unknown }).cause;
}

describe('the commands of operation', () => {
  it('say why a job is not moving, each time by another cause', async () => {
    await deployment.order('w1', 1000, [
      { id: 'j1', model: 'timeout' },
      { id: 'j2', model: 'standard' },
    ]);
    await deployment.order('poor', 0, [{ id: 'unpaid' }]);
    await deployment.server.client
      .db(deployment.server.dbName)
      .collection<{ _id: string }>('jobs')
      .insertOne({ _id: 'broken' });
    expect(await cause('j1')).toBe('no_live_runner');
    expect(await cause('unpaid')).toBe('out_of_credit');
    expect(await cause('broken')).toBe('malformed');
    const runner = deployment.startRunner({ concurrency: 2 });
    await deployment.reached('j1', 'running');
    expect(await cause('j1')).toBe('lease_held');
    await deployment.settled('j2', 'completed');
    expect(await cause('j2')).toBe('at_end');
    runner.pause();
    await expect
      .poll(async () => expectOk(await deployment.store.reader.listRunners()).values[0]?.state, POLLING)
      .toBe('paused');
    // Only now: the claim that was under way when it was paused may take what there is.
    await deployment.order('w1', 0, [{ id: 'j3' }]);
    expect(await cause('j3')).toBe('paused');
    expectOk(await deployment.store.writer.holdBack('demo', 600_000));
    runner.resume();
    await expect.poll(() => cause('j3'), POLLING).toBe('provider_held_back');
    expect(await cli('why', 'nobody')).toMatchObject({
      status: 1,
      err: expect.stringContaining('no such record') as string,
    });
  });

  it('limit what the whole fleet begins at once, say what changed, and refuse what is no limit', async () => {
    await deployment.order('w1', 1000, [
      { id: 'j1', model: 'timeout' },
      { id: 'j2', model: 'standard' },
    ]);
    expect((await cli('limits')).out).toBe('Nothing is limited.\n');
    expect(await cli('limits', 'set', 'kind', '0')).toMatchObject({ status: 1, out: '' });
    expect(await cli('limits', 'set', 'total', 'many')).toMatchObject({ status: 1, out: '' });
    expect(await cli('limits', 'rate', 'demo', '--requests', 'ten')).toMatchObject({ status: 1, out: '' });
    expect(await cli('limits', 'set', 'total', '0')).toMatchObject({
      status: 0,
      out: 'all attempts together: no limit → nothing may begin\n',
    });
    deployment.startRunner({ concurrency: 2 });
    await expect.poll(() => cause('j1'), POLLING).toBe('limit_reached');
    expect((await cli('limits', 'rate', 'demo', '--requests', '600')).status).toBe(0);
    expect((await cli('limits', 'set', 'total', 'none')).out).toContain('nothing may begin → no limit');
    await deployment.settled('j2', 'completed');
    const { limits, revision } = JSON.parse((await cli('limits', '--json')).out) as {
      limits: { rates: unknown };
      revision: number;
    };
    expect({ rates: limits.rates, revision }).toEqual({
      rates: { demo: { requestsPerMinute: 600, tokensPerMinute: null, tokensPerRequest: 1000 } },
      revision: 3,
    });
  });

  it('leave a runner paused that was paused at its own machine since it was resumed from elsewhere', async () => {
    const runner = deployment.startRunner({ concurrency: 2 });
    await expect.poll(async () => expectOk(await deployment.store.reader.listRunners()).values.length, POLLING).toBe(1);
    const { runnerId } = runner.status;
    await cli('runners', 'resume', runnerId);
    const obeyed = async (): Promise<unknown> =>
      expectOk(await deployment.store.reader.listRunners()).values[0]?.obeyedRevision;
    await expect.poll(obeyed, POLLING).toBe(1);
    runner.pause();
    await cli('runners', 'scale', runnerId, '7');
    await expect.poll(() => runner.status.concurrency, POLLING).toBe(7);
    expect(runner.status.state).toBe('paused');
  });

  it('let a runner pause, scale, resume and drain that another process runs', async () => {
    const runner = deployment.startRunner({ concurrency: 2 });
    await expect.poll(async () => expectOk(await deployment.store.reader.listRunners()).values.length, POLLING).toBe(1);
    const { runnerId } = runner.status;
    const listed = JSON.parse((await cli('runners', '--json')).out) as {
      runners: { _id: string; isLive: boolean; load: unknown }[];
    };
    expect(listed.runners).toMatchObject([
      {
        _id: runnerId,
        isLive: true,
        concurrency: 2,
        providers: ['demo'],
        load: { memoryBytes: expect.any(Number) as number },
      },
    ]);
    expect((await cli('runners', 'pause', runnerId)).status).toBe(0);
    expect((await cli('runners', 'scale', runnerId, '7')).status).toBe(0);
    await expect.poll(() => runner.status, POLLING).toMatchObject({ state: 'paused', concurrency: 7 });
    await cli('runners', 'resume', runnerId);
    await expect.poll(() => runner.status.state, POLLING).toBe('running');
    await cli('runners', 'drain', runnerId);
    await expect.poll(() => runner.status.state, POLLING).toBe('stopped');
    expect(await cli('runners', 'pause', runnerId)).toMatchObject({
      status: 1,
      err: expect.stringContaining('has not ended') as string,
    });
    expect((await cli('runners', 'scale', runnerId, '0')).status).toBe(1);
    expect((await cli('runners', 'explode', runnerId)).status).toBe(1);
  });
});
