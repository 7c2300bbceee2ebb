import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openOwnFile, type OwnFile } from '#cache/own/open-own-file.ts';
import type { Cache } from '#cache/open-cache.ts';
import type { CacheReader } from '#cache/reader.ts';
import { AlertDesk, type AlertDeskParts, type AlertNotice } from '#console/alerts/alert-desk.ts';
import { AlertRecords } from '#console/alerts/alert-records.ts';
import { alertRuleSchema, type AlertRule } from '#domain/alerts/alert-rule.ts';
import { appError } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import { runnerNodeSchema } from '#domain/runner-node.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, NOW_MS, setupCache, type CacheWorld, type JobSpec } from '../../support/cache-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let world: CacheWorld;
let cache: Cache;
let own: OwnFile;
let nowMs: number;
let minuteOfDay: number;
let told: AlertNotice[];

beforeEach(() => {
  world = setupCache();
  cache = world.open();
  own = openOwn();
  nowMs = NOW_MS;
  minuteOfDay = 12 * 60;
  told = [];
});
afterEach(() => {
  own.close();
  world.end();
});

function openOwn(): OwnFile {
  return expectOk(openOwnFile({ path: path.join(world.folder, 'own.sqlite'), source: 'one', now: () => nowMs }));
}

function deskOf(parts: Partial<AlertDeskParts> = {}): AlertDesk {
  let lastId = 0;
  return new AlertDesk({
    records: new AlertRecords(own),
    copy: () => cache.reader,
    serverNow: () => Promise.resolve(new Date(nowMs)),
    runners: () => Promise.resolve(null),
    lastRun: () => Promise.resolve(null),
    now: () => nowMs,
    minuteOfDay: () => minuteOfDay,
    newId: () => `e${nowMs}-${(lastId += 1)}`,
    notify: (notice) => told.push(notice),
    onChange: () => undefined,
    ...parts,
  });
}

function ruleOf(spec: Partial<AlertRule> & Pick<AlertRule, 'measure' | 'threshold'>): AlertRule {
  return alertRuleSchema.parse({ id: 'r', name: 'Rule', scope: {}, holdMinutes: 0, isOn: true, ...spec });
}

function hold(...specs: readonly JobSpec[]): void {
  expectOk(
    cache.writer.apply(
      specs.map((spec) => jobChange(jobIn(spec))),
      null,
      nowMs,
    ),
  );
}

it('looks at every rule, also where the copy cannot be asked for another one', async () => {
  const broken = err(appError('timed_out'));
  vi.spyOn(cache.reader, 'standing').mockResolvedValue(broken);
  const desk = deskOf({ lastRun: () => Promise.resolve({ findings: 7 } as never) });
  const records = new AlertRecords(own);
  expectOk(records.putRule(ruleOf({ id: 'a', measure: 'stuck', threshold: 1 })));
  expectOk(records.putRule(ruleOf({ id: 'b', measure: 'drift', threshold: 5 })));
  expect(await desk.look()).toEqual(broken);
  expect(told.map(({ body }) => body)).toEqual([expect.stringContaining('7')]);
});

async function firesAt(desk: AlertDesk, rule: AlertRule): Promise<readonly [boolean, number | null]> {
  expectOk(await desk.put(rule));
  const [view] = expectOk(desk.view()).rules;
  return [view?.standing.isFiring ?? false, view?.value ?? null];
}

const queuedFor = (id: string, ageMs: number): JobSpec => ({ id, createdAtMs: NOW_MS - ageMs });
const endedNow = (id: string, state: 'completed' | 'failed', costMicroUsd: number | null = 0): JobSpec => ({
  id,
  state,
  createdAtMs: NOW_MS - 4 * MINUTE_MS,
  startedAtMs: NOW_MS - 3 * MINUTE_MS,
  updatedAtMs: NOW_MS - 2 * MINUTE_MS,
  costMicroUsd,
});

describe('what rules look at', () => {
  it('is not known of a copy that is upgraded, and what others look at is', async () => {
    const copy = (): CacheReader =>
      new Proxy(cache.reader, {
        get: (reader, name) => {
          const own: unknown = Reflect.get(reader, name);
          return name === 'standing' ? () => err(appError('copy_upgrading')) : own;
        },
      });
    const desk = deskOf({ copy, lastRun: () => Promise.resolve({ runId: 'r1', asOfMs: NOW_MS, findings: 3 }) });
    expect(await firesAt(desk, ruleOf({ id: 'a', measure: 'stuck', threshold: 1 }))).toEqual([false, null]);
    expectOk(await desk.put(ruleOf({ id: 'b', measure: 'drift', threshold: 1 })));
    expect(expectOk(desk.view()).rules.map(({ value }) => value)).toEqual([null, 3]);
  });

  it('a failure rate is of the jobs that ended in the window, and of enough of them', async () => {
    hold(endedNow('a', 'failed'), endedNow('b', 'failed'), endedNow('c', 'completed'), endedNow('d', 'completed'));
    const rule = ruleOf({ measure: 'failure_rate', threshold: 50, jobsMin: 4 });
    expect(await firesAt(deskOf(), rule)).toEqual([true, 50]);
    expect(await firesAt(deskOf(), { ...rule, jobsMin: 5 })).toEqual([false, 0]);
  });

  it('spend is what the attempts of ended jobs cost', async () => {
    hold(endedNow('a', 'failed', 400_000), endedNow('b', 'completed', 700_000));
    expect(await firesAt(deskOf(), ruleOf({ measure: 'spend', threshold: 1_000_000 }))).toEqual([true, 1_100_000]);
  });

  it('spend says of how many jobs nobody knows the whole cost, in the list, in the log and to whoever is told', async () => {
    hold(endedNow('a', 'failed', 1_100_000), endedNow('b', 'completed', null));
    const desk = deskOf();
    await firesAt(desk, ruleOf({ measure: 'spend', threshold: 1_000_000 }));
    const view = expectOk(desk.view());
    expect([view.rules[0]?.unknownCosts, view.events[0]?.unknownCosts]).toEqual([1, 1]);
    expect(told[0]?.body).toContain('Now: at least 1.10 USD, with 1 job of unknown cost.');
  });

  it('the oldest queued job counts, if the rule looks at its kind', async () => {
    hold(queuedFor('a', 12 * MINUTE_MS), queuedFor('b', 3 * MINUTE_MS));
    const rule = ruleOf({ measure: 'oldest_queued', threshold: 10 });
    expect(await firesAt(deskOf(), rule)).toEqual([true, 12]);
    const ofVideos = { ...rule, scope: { kind: 'video', provider: null, model: null } };
    expect(await firesAt(deskOf(), ofVideos)).toEqual([false, 0]);
  });

  it('a stuck job has stood in one state of work for longer than the window', async () => {
    const at = (minutes: number): number => NOW_MS - minutes * MINUTE_MS;
    hold(
      { id: 'a', state: 'running', createdAtMs: at(60), updatedAtMs: at(40) },
      { id: 'b', state: 'running', createdAtMs: at(60), updatedAtMs: at(5) },
    );
    expect(await firesAt(deskOf(), ruleOf({ measure: 'stuck', threshold: 1, windowMinutes: 30 }))).toEqual([true, 1]);
  });

  it('what the copy held when the server went away neither clears a rule nor lets one fire, until it is of now again', async () => {
    hold(endedNow('a', 'failed'), queuedFor('b', 3 * MINUTE_MS));
    let isThere = true;
    const desk = deskOf({ serverNow: () => Promise.resolve(isThere ? new Date(nowMs) : null) });
    expectOk(await desk.put(ruleOf({ id: 'rate', measure: 'failure_rate', threshold: 50, jobsMin: 1 })));
    expectOk(await desk.put(ruleOf({ id: 'wait', measure: 'oldest_queued', threshold: 10 })));
    const firing = () =>
      expectOk(desk.view()).rules.flatMap(({ rule, standing }) => (standing.isFiring ? [rule.id] : []));
    expect(firing()).toEqual(['rate']);
    nowMs += HOUR_MS;
    for (isThere of [false, true]) {
      expectOk(await desk.look());
      expect(firing()).toEqual(['rate']);
    }
    hold();
    expectOk(await desk.look());
    expect(firing()).toEqual(['wait']);
  });

  it("a window ends by the server's clock, whatever this machine's says", async () => {
    hold(endedNow('a', 'failed'));
    const rule = ruleOf({ measure: 'failure_rate', threshold: 50, jobsMin: 1 });
    expect(await firesAt(deskOf({ now: () => nowMs + HOUR_MS }), rule)).toEqual([true, 100]);
    const runners = () => Promise.resolve({ runners: [], serverNow: new Date(nowMs + HOUR_MS) });
    expect(await firesAt(deskOf({ runners }), ruleOf({ measure: 'no_runner', threshold: 2 }))).toEqual([false, 0]);
  });

  it('drift is what the last reconciliation found, and not known without one', async () => {
    const rule = ruleOf({ measure: 'drift', threshold: 1 });
    expect(await firesAt(deskOf(), rule)).toEqual([false, null]);
    const lastRun = () => Promise.resolve({ runId: 'r1', asOfMs: NOW_MS, findings: 3 });
    expect(await firesAt(deskOf({ lastRun }), rule)).toEqual([true, 3]);
  });

  it('no runner fires by the silence of all runners, and not while the server is away', async () => {
    const rule = ruleOf({ measure: 'no_runner', threshold: 2 });
    const heard = (agoMs: number) => () =>
      Promise.resolve({ runners: [runnerNode(NOW_MS - HOUR_MS, NOW_MS - agoMs)], serverNow: new Date(NOW_MS) });
    expect(await firesAt(deskOf(), rule)).toEqual([false, null]);
    expect(await firesAt(deskOf({ runners: heard(5000) }), rule)).toEqual([false, 0]);
    expect(await firesAt(deskOf({ runners: heard(3 * MINUTE_MS) }), rule)).toEqual([true, 3]);
  });
});

function runnerNode(startedMs: number, heartbeatMs: number) {
  return runnerNodeSchema.parse({
    _id: `r${startedMs}`,
    host: 'h',
    pid: 1,
    version: '1',
    state: 'running',
    concurrency: 1,
    active: 0,
    startedAt: new Date(startedMs),
    heartbeatAt: new Date(heartbeatMs),
  });
}

describe('who is told', () => {
  const rule = ruleOf({ measure: 'oldest_queued', threshold: 10 });

  it('somebody is told once, and not again by a program that was started anew', async () => {
    hold(queuedFor('a', 12 * MINUTE_MS));
    const desk = deskOf();
    expectOk(await desk.put(rule));
    expectOk(await desk.look());
    expect(told.map(({ title }) => title)).toEqual(['Rule']);
    expect(told[0]?.body).toContain('Now: 12 min.');
    own.close();
    own = openOwn();
    const again = deskOf();
    expectOk(await again.look());
    expect(told).toHaveLength(1);
    expect(expectOk(again.view()).events).toHaveLength(1);
  });

  it('what fires in the quiet time is logged at once and told when it ends, if it still fires', async () => {
    hold(queuedFor('a', 12 * MINUTE_MS));
    const desk = deskOf();
    expectOk(desk.setQuiet({ isOn: true, fromMinute: 11 * 60, toMinute: 13 * 60 }));
    expectOk(await desk.put(rule));
    expect(told).toEqual([]);
    expect(expectOk(desk.view())).toMatchObject({ isQuietNow: true, events: [{ change: 'fired', wasQuiet: true }] });
    minuteOfDay = 13 * 60;
    expectOk(await desk.look());
    expectOk(await desk.look());
    expect(told).toHaveLength(1);
  });

  it('nobody is told of what was over before the quiet time was', async () => {
    hold(queuedFor('a', 12 * MINUTE_MS));
    const desk = deskOf();
    expectOk(desk.setQuiet({ isOn: true, fromMinute: 11 * 60, toMinute: 13 * 60 }));
    expectOk(await desk.put(rule));
    hold({ id: 'a', state: 'completed', createdAtMs: NOW_MS - 12 * MINUTE_MS, updatedAtMs: NOW_MS, version: 2 });
    expectOk(await desk.look());
    minuteOfDay = 13 * 60;
    expectOk(await desk.look());
    expect(told).toEqual([]);
    expect(
      expectOk(desk.view())
        .events.map(({ change }) => change)
        .toSorted(),
    ).toEqual(['cleared', 'fired']);
  });

  it('a rule that is switched off clears what it fired, and is not looked at', async () => {
    hold(queuedFor('a', 12 * MINUTE_MS));
    const desk = deskOf();
    expectOk(await desk.put(rule));
    nowMs += 1;
    expectOk(await desk.put({ ...rule, isOn: false }));
    const view = expectOk(desk.view());
    expect(view.events.map(({ change, value }) => [change, value])).toEqual([
      ['cleared', null],
      ['fired', 12],
    ]);
    expect(view.rules[0]?.standing.isFiring).toBe(false);
    expectOk(desk.delete(rule.id));
    expect(expectOk(desk.view()).rules).toEqual([]);
  });
});

describe('a rule is tried on the past', () => {
  const signal = new AbortController().signal;
  const dayAgo = NOW_MS - 24 * HOUR_MS;

  it('a failure rate would have fired while the failures were in the window', async () => {
    hold(
      ...['a', 'b', 'c'].map((id): JobSpec => ({ id, state: 'failed', createdAtMs: dayAgo, updatedAtMs: dayAgo + 1 })),
    );
    const trial = expectOk(
      await deskOf().try(ruleOf({ measure: 'failure_rate', threshold: 50, jobsMin: 3, windowMinutes: 15 }), signal),
    );
    expect(trial.episodes).toHaveLength(1);
    const [episode] = trial.episodes;
    expect(episode?.peak).toBe(100);
    expect((episode?.clearedAtMs ?? 0) - (episode?.firedAtMs ?? 0)).toBe(15 * MINUTE_MS);
    expect(trial).toMatchObject({ isWhole: true, knownFromMs: trial.fromMs });
  });

  it('a queue would have fired from its threshold until the job was begun', async () => {
    hold({
      id: 'a',
      state: 'completed',
      createdAtMs: dayAgo,
      startedAtMs: dayAgo + HOUR_MS,
      updatedAtMs: dayAgo + 2 * HOUR_MS,
    });
    const trial = expectOk(await deskOf().try(ruleOf({ measure: 'oldest_queued', threshold: 20 }), signal));
    expect(trial.episodes).toEqual([{ firedAtMs: dayAgo + 20 * MINUTE_MS, clearedAtMs: dayAgo + HOUR_MS, peak: 55 }]);
  });

  it('a stuck job would have fired, and a rule that looks at nothing that happened would not', async () => {
    const at = NOW_MS - 2 * HOUR_MS;
    hold({ id: 'a', state: 'running', createdAtMs: at, startedAtMs: at, updatedAtMs: at });
    const stuck = expectOk(await deskOf().try(ruleOf({ measure: 'stuck', threshold: 1, windowMinutes: 30 }), signal));
    expect(stuck.episodes).toEqual([{ firedAtMs: at + 30 * MINUTE_MS, clearedAtMs: null, peak: 1 }]);
    expect(expectOk(await deskOf().try(ruleOf({ measure: 'spend', threshold: 1 }), signal)).episodes).toEqual([]);
  });

  it('drift is known from the first run that this console saw', async () => {
    const records = new AlertRecords(own);
    expectOk(records.addRun({ id: 'r1', asOfMs: dayAgo, findings: 4 }));
    expectOk(records.addRun({ id: 'r2', asOfMs: dayAgo + HOUR_MS, findings: 0 }));
    const trial = expectOk(await deskOf({ records }).try(ruleOf({ measure: 'drift', threshold: 1 }), signal));
    expect(trial).toMatchObject({
      knownFromMs: dayAgo,
      episodes: [{ firedAtMs: dayAgo, clearedAtMs: dayAgo + HOUR_MS, peak: 4 }],
    });
  });

  it('the silence between two runners would have fired; without the server that is not known', async () => {
    const rule = ruleOf({ measure: 'no_runner', threshold: 10 });
    const runners = [runnerNode(dayAgo, dayAgo + HOUR_MS), runnerNode(dayAgo + 3 * HOUR_MS, NOW_MS)];
    const known = () => Promise.resolve({ runners, serverNow: new Date(NOW_MS) });
    const trial = expectOk(await deskOf({ runners: known }).try(rule, signal));
    expect(trial.knownFromMs).toBe(dayAgo);
    expect(trial.episodes).toHaveLength(1);
    expect(trial.episodes[0]?.clearedAtMs).toBe(dayAgo + 3 * HOUR_MS);
    expect(await deskOf().try(rule, signal)).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
  });

  it('nobody waits for a trial that was cancelled', async () => {
    const cancelled = await deskOf().try(ruleOf({ measure: 'spend', threshold: 1 }), AbortSignal.abort());
    expect(cancelled).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });
});
