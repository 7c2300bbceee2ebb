import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineConfigSchema, parentMessageSchema, type EngineConfig } from '#engine/messages.ts';
import type { ShellAnswer } from '#engine/shell-asks.ts';
import { EngineHost } from '../../../electron/main/engine-host.ts';

/** A process that does what it is told to, when the test says so. */
class EngineProcess extends EventEmitter {
  readonly stdout = new EventEmitter();
  readonly stderr = new EventEmitter();
  readonly heard: unknown[] = [];
  readonly kill = vi.fn<() => void>();

  postMessage(message: unknown): void {
    this.heard.push(message);
  }

  end(): void {
    this.emit('exit', 0);
  }
}

const forked = vi.hoisted((): { processes: EngineProcess[] } => ({ processes: [] }));

vi.mock('electron', () => ({
  utilityProcess: {
    fork: () => {
      const process = new EngineProcess();
      forked.processes.push(process);
      return process;
    },
  },
  MessageChannelMain: class {
    readonly port1 = {};
    readonly port2 = {};
  },
}));

const config = (dataDir: string): EngineConfig =>
  engineConfigSchema.parse({
    version: '1',
    dataDir,
    mongodbUri: null,
    dbName: null,
    withRunner: false,
    concurrency: 1,
    isDemo: false,
  });

/** A host with an engine that runs; `configs` tells what each engine was started with. */
function setup(answer = (): Promise<ShellAnswer> => Promise.resolve({ ok: true, value: {} })) {
  forked.processes = [];
  const lines: string[] = [];
  const host = new EngineHost({
    entry: '/engine.js',
    config: config('first'),
    answer,
    log: (line) => void lines.push(line),
    now: () => 0,
    onNotice: () => undefined,
    onPort: () => undefined,
  });
  host.start();
  const configs = (): readonly unknown[] =>
    forked.processes.map(({ heard }) => {
      const message = parentMessageSchema.parse(heard[0]);
      return message.type === 'init' ? message.config.dataDir : message.type;
    });
  return { host, configs, said: () => lines };
}

describe('the process of the engine', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('is started again with another configuration once it has stopped', async () => {
    const { host, configs } = setup();
    const restarted = host.restart(config('second'));
    expect(configs()).toEqual(['first']);
    forked.processes[0]?.end();
    await restarted;
    expect(configs()).toEqual(['first', 'second']);
  });

  it('is started with the configuration that was asked for last, where several were while it stopped', async () => {
    const { host, configs } = setup();
    const restarts = ['second', 'third', 'fourth'].map((name) => host.restart(config(name)));
    forked.processes[0]?.end();
    await Promise.all(restarts);
    expect(configs()).toEqual(['first', 'fourth']);
    expect(host.config.dataDir).toBe('fourth');
  });

  it('is not started again by a restart where the application has begun to end meanwhile', async () => {
    const { host, configs } = setup();
    const restarted = host.restart(config('second'));
    const stopped = host.stop();
    forked.processes[0]?.end();
    await Promise.all([restarted, stopped]);
    await vi.runAllTimersAsync();
    expect(configs()).toEqual(['first']);
  });

  it('is started again a moment after it died, with the configuration that it had', async () => {
    const { configs } = setup();
    forked.processes[0]?.end();
    await vi.advanceTimersByTimeAsync(499);
    expect(configs()).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(1);
    expect(configs()).toEqual(['first', 'first']);
  });

  it('is started again where it met what no engine survives, and main says so without what the report holds', async () => {
    const { configs, said } = setup();
    forked.processes[0]?.emit('error', 'FatalError', 'Reached heap limit', '{"environmentVariables":{"KEY":"marked"}}');
    forked.processes[0]?.end();
    await vi.advanceTimersByTimeAsync(500);
    expect(configs()).toEqual(['first', 'first']);
    expect(said().join()).toContain('FatalError, Reached heap limit');
    expect(said().join()).not.toContain('marked');
  });

  it('is answered where the desktop fails at what it is asked, so that nobody waits for ever', async () => {
    setup(() => Promise.reject(new Error('the keyring is locked')));
    const [engine] = forked.processes;
    engine?.emit('message', { type: 'ask', id: 7, name: 'profiles.save', params: {} });
    await vi.runAllTimersAsync();
    const error = { code: 'internal', detail: 'profiles.save' };
    expect(engine?.heard.at(-1)).toEqual({ type: 'answer', id: 7, answer: { ok: false, error } });
  });

  it('is ended by force where it does not hear that it is to stop', async () => {
    const { host } = setup();
    const stopped = host.stop();
    await vi.advanceTimersByTimeAsync(8000);
    expect(forked.processes[0]?.kill).toHaveBeenCalledTimes(1);
    forked.processes[0]?.end();
    await stopped;
  });
});
