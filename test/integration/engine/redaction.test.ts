import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REQUESTS, requestNameSchema } from '#contract/requests.ts';
import { buildFailure } from '#domain/failure.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import type { RedactionRule } from '#domain/redaction/redaction-rule.ts';
import { planGroupSchema } from '#domain/retry-plan/plan-item.ts';
import { planRecordSchema } from '#domain/retry-plan/plan-record.ts';
import type { Engine } from '#engine/engine.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { sampleOf } from '../../support/schema-sample.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

/** Stands in every text that a customer or a provider may have written. */
const MARK = 'canary-7f31a9';
const EACH = 4;
const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const ARTEFACT = `ab/${'0'.repeat(32)}-1.txt`;
/** A plan that came to its end, with the outcome of a job; of its items none are left. */
const PLAN = '0123456789abcdef';
const TEXT = `the output says ${MARK} to whoever reads it`;

let server: TestServer;
let folder: string;
const engines: Engine[] = [];
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-redaction-'));
  await fill();
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

async function openConsole(personName: string): Promise<EngineWindow> {
  const dataDir = path.join(folder, personName);
  const file = path.join(dataDir, 'artefacts', ARTEFACT);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, TEXT);
  const engine = consoleEngine({ dataDir, mongodbUri: server.uri, dbName: server.dbName, personName });
  engines.push(engine);
  expectOk(await engine.start());
  const window = new EngineWindow(engine);
  await window.untilStatus(({ connection, monitor }) => connection.state === 'connected' && monitor.mode === 'stream');
  return window;
}

/** A failed job, a completed one and a document that is none, each full of marked texts. */
async function fill(): Promise<void> {
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry({ ...grant('w1', 10_000), reason: `for ${MARK} and friends` }));
  const failed = failedJob({ id: 'j1', failureClass: 'validation', at: new Date() });
  const message = `refused the text “write about ${MARK} in June”`;
  const failure = buildFailure({ class: 'validation', code: 'bad', message }, 'demo', 'demo', new Date());
  const input = {
    ...failed.input,
    prompt: `write about ${MARK} in June`,
    options: { tone: `like ${MARK} would`, [`${MARK} key`]: 1, deep: [{ note: `deep ${MARK} note` }] },
  };
  const validation = {
    passed: false,
    checks: [{ name: 'words', passed: false, severity: 'error' as const, message: `found ${MARK} twice` }],
  };
  const marked = {
    ...failed,
    input,
    failure,
    validation,
    progress: { fraction: 0.5, message: `drawing ${MARK} now`, at: new Date() },
    attempts: failed.attempts.map((attempt) => ({ ...attempt, failure, validation })),
    history: failed.history.map((entry) => ({ ...entry, reason: `because of ${MARK} there` })),
    customer: { note: `asked by ${MARK} herself`, list: [MARK] },
  };
  const done = {
    ...queuedJob({ id: 'j2', prompt: `another ${MARK} text`, createdAt: new Date() }),
    state: 'completed',
    output: {
      uri: `artefact:${ARTEFACT}`,
      mime: 'text/plain',
      bytes: TEXT.length,
      sha256: createHash('sha256').update(TEXT).digest('hex'),
    },
  };
  const jobs = server.client.db(server.dbName).collection<{ _id: string }>('jobs');
  await jobs.insertMany([marked, done, { _id: 'bad', state: 'odd', input: { prompt: `no job of ${MARK}` } } as never]);
  for (const entry of entriesOf(failed)) {
    expectOk(await store.writer.postEntry({ ...entry, reason: `of ${MARK} it was` }));
  }
  const told = {
    jobId: 'j1',
    act: 'retry',
    index: 0,
    workspaceId: 'w1',
    priceCredits: 1,
    generationId: 'g-j1',
  } as const;
  const end = { outcome: 'failed', failureClass: 'validation', why: message, paidCredits: 0, timesPaid: 0 } as const;
  const groups = Object.fromEntries(planGroupSchema.options.map((group) => [group, { jobs: 0, credits: 0 }]));
  const sums = { jobs: 0, groups, workspaces: [], workspacesInAll: 0, costMicroUsd: 0, jobsWithoutCost: 0 };
  const plan = planRecordSchema.parse({
    _id: PLAN,
    source: { type: 'where', where: `state:failed cause:"validation:bad:demo/demo:found ${MARK}" ${MARK}` },
    reason: '',
    policyVersion: 1,
    totals: { ...sums, estimate: { succeed: 0, ofJobs: 0, withoutExperience: 0, basis: '' } },
    thresholds: { typedCredits: 0, approvalCredits: 0 },
    proposed: { by: { type: 'user', id: 'fay' }, at: new Date(), note: '' },
    decided: null,
    expiresAt: new Date(),
    state: 'stopped',
    wish: null,
    lease: null,
    leaseToken: 1,
    run: null,
    version: 1,
  });
  expectOk(await store.plans.insert(plan, []));
  expectOk(await store.plans.saveOutcomes(plan, [{ ...told, ...end }]));
}

const BY_PATTERN: readonly RedactionRule[] = [
  {
    id: 'canary',
    label: 'bird',
    roles: ['founder', 'support'],
    where: { type: 'pattern', pattern: 'canary-[0-9a-f]+', ignoresCase: true },
  },
];
const PATHS = [
  'input.prompt',
  'input.options',
  'failure.message',
  'attempts.failure.message',
  'attempts.validation.checks.message',
  'validation.checks.message',
  'progress.message',
  'history.reason',
  'customer',
  'output',
];
const BY_PATH: readonly RedactionRule[] = PATHS.map((where, index) => ({
  id: `path-${index}`,
  label: `field ${index}`,
  roles: ['founder', 'support'],
  where: { type: 'path', path: where },
}));

async function putRules(window: EngineWindow, rules: readonly RedactionRule[]): Promise<void> {
  const { versions } = expectOk(await window.ask('redaction.get', {}));
  const basedOn = versions[0]?.version ?? 0;
  expectOk(await window.ask('redaction.put', { basedOn, draft: { rules: [...rules] }, reason: 'the law' }));
}

/** Every request by samples, and those that show texts with what finds them. @returns the answers as text, by request */
async function askEverything(window: EngineWindow): Promise<readonly (readonly [string, string])[]> {
  const answers: (readonly [string, string])[] = [];
  const keep = (name: string, answer: unknown): void => void answers.push([name, JSON.stringify(answer)]);
  const list = { sort: { column: 'createdAt', direction: 'descending' }, cursor: null, limit: 100 } as const;
  const week = { fromMs: Date.now() - 7 * 86_400_000, toMs: Date.now() + 86_400_000 };
  for (const jobId of ['j1', 'j2']) {
    keep('job.get', expectOk(await window.ask('job.get', { jobId })));
    keep('job.why', await window.ask('job.why', { jobId }));
  }
  keep('output.get', expectOk(await window.ask('output.get', { jobId: 'j2' })));
  keep('jobs.page', expectOk(await window.ask('jobs.page', { filter: {}, ...list })));
  for (const text of [MARK, MARK.slice(0, 8), 'write', `prompt:${MARK}`]) {
    keep('jobs.page', await window.ask('jobs.page', { filter: { text }, ...list }));
    keep('jobs.count', await window.ask('jobs.count', { filter: { text } }));
  }
  keep('malformed.page', expectOk(await window.ask('malformed.page', { cursor: null, limit: 10 })));
  keep('failures.list', expectOk(await window.ask('failures.list', week)));
  keep(
    'owner.ledger',
    expectOk(await window.ask('owner.ledger', { owner: 'workspace', id: 'w1', cursor: null, limit: 50 })),
  );
  keep('retry.preview', await window.ask('retry.preview', { jobId: 'j1', reason: '', edited: null }));
  keep('case.export', expectOk(await window.ask('case.export', { chosen: { type: 'ids', ids: ['j1', 'j2'] } })));
  keep('plans.list', expectOk(await window.ask('plans.list', {})));
  keep('plans.outcomes', expectOk(await window.ask('plans.outcomes', { planId: PLAN, from: 0, limit: 10 })));
  keep('plans.export', expectOk(await window.ask('plans.export', { planId: PLAN })));
  keep('drafts.list', expectOk(await window.ask('drafts.list', {})));
  for (const name of requestNameSchema.options) {
    // Own words come back as they are, and a connection that is opened ends this engine's work.
    const samples = fc.sample(sampleOf(REQUESTS[name].params), { numRuns: EACH, seed: SEED });
    for (const params of samples) keep(name, await window.ask(name, params as never));
  }
  return answers;
}

/** Exports as they would be opened. */
function exportsWith(root: string, text: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(root, name);
    if (!statSync(file).isFile()) return false;
    const bytes = readFileSync(file);
    const parts = name.endsWith('.zip') ? Object.values(unzipSync(bytes)).map((part) => Buffer.from(part)) : [bytes];
    return parts.some((part) => part.includes(text));
  });
}

/** Paths hide values of a job's fields: not what people wrote beside it, nor what an option is called. */
async function leaveWhatPathsAreNotAbout(): Promise<void> {
  const db = server.client.db(server.dbName);
  await db.collection('credit_ledger').updateMany({}, { $set: { reason: 'none' } });
  await db
    .collection<{ _id: string }>('jobs')
    .updateOne({ _id: 'j1' }, { $unset: { [`input.options.${MARK} key`]: '' } });
}

const EDITED = { prompt: `a new ${MARK} wish`, optionsJson: JSON.stringify({ tone: `as ${MARK}` }) };

async function keepDraft(window: EngineWindow): Promise<void> {
  const bodyJson = JSON.stringify({ reason: '', seenState: 'failed', seenUpdatedAtMs: 1, edited: EDITED });
  const draft = { id: 'd1', kind: 'retry', subjectId: 'j1', seenVersion: 3, bodyJson, madeAtMs: 1 };
  expectOk(await window.ask('drafts.put', draft));
}

/** Drafts that name a cause of failures, by the words of its message. */
async function keepDraftsOfCauses(window: EngineWindow): Promise<void> {
  const cause = `validation:bad:demo/demo:found ${MARK}`;
  const draft = { seenVersion: null, madeAtMs: 1 };
  const decided = JSON.stringify({ act: { type: 'merge', fingerprints: [cause] }, title: 'Refused', seenVersion: 1 });
  expectOk(await window.ask('drafts.put', { ...draft, id: 'd2', kind: 'group', subjectId: cause, bodyJson: decided }));
  const wish = { type: 'where', where: `state:failed cause:"${cause}"` };
  const planned = JSON.stringify({ wish, reason: '', isCollecting: true });
  expectOk(await window.ask('drafts.put', { ...draft, id: 'd3', kind: 'plan', subjectId: 'plan', bodyJson: planned }));
}

describe(`what a rule hides (seed ${SEED})`, () => {
  it('is there before a rule hides it, so that this test can fail', async () => {
    const window = await openConsole('fay');
    await keepDraft(window);
    const shown = (await askEverything(window)).filter(([, answer]) => answer.includes(MARK)).map(([name]) => name);
    const expected = [
      'job.get',
      'output.get',
      'jobs.page',
      'malformed.page',
      'failures.list',
      'owner.ledger',
      'plans.list',
      'plans.outcomes',
      'drafts.list',
    ];
    expect([...new Set(shown)]).toEqual(expect.arrayContaining(expected));
    // What leaves by a plan's file is for people who need not see any job.
    const held = exportsWith(path.join(folder, 'fay', 'exports'), MARK);
    expect(held.filter((name) => !name.startsWith('case-'))).toEqual([]);
  });

  it.each([
    ['a pattern', BY_PATTERN],
    ['paths', BY_PATH],
  ])('by %s is in no answer to any request of the contract, and in no export', async (how, rules) => {
    if (how === 'paths') await leaveWhatPathsAreNotAbout();
    const window = await openConsole('fay');
    await keepDraft(window);
    await keepDraftsOfCauses(window);
    await putRules(window, rules);
    await window.untilStatus(({ redaction }) => redaction.isHiding && redaction.version === 1);
    const answers = await askEverything(window);
    expect(answers.filter(([, answer]) => answer.toLowerCase().includes(MARK))).toEqual([]);
    expect(exportsWith(path.join(folder, 'fay', 'exports'), MARK)).toEqual([]);
    const [[, job] = ['', '']] = answers;
    expect(job).toContain('⟦redacted: ');
  });
});

describe('somebody from whom texts are hidden', () => {
  async function openAsSupport(rules: readonly RedactionRule[]): Promise<EngineWindow> {
    const founder = await openConsole('fay');
    expectOk(await founder.ask('people.set', { personId: 'sue', role: 'support' }));
    await putRules(
      founder,
      rules.map((rule) => ({ ...rule, roles: ['support'] })),
    );
    expect(expectOk(await founder.ask('job.get', { jobId: 'j1' })).prompt).toContain(MARK);
    return openConsole('sue');
  }

  it('sees it as hidden, cannot search for words, and finds jobs by ids and fields', async () => {
    const window = await openAsSupport(BY_PATTERN);
    const job = expectOk(await window.ask('job.get', { jobId: 'j1' }));
    expect(job.prompt).toBe(`write about ${redactionMark('bird')} in June`);
    expect(job.inputHash).toBe(redactionMark('hash of the input'));
    expect(JSON.parse(job.documentJson)).toMatchObject({
      customer: { note: `asked by ${redactionMark('bird')} herself` },
    });
    const sort = { column: 'createdAt', direction: 'descending' } as const;
    for (const text of ['canary', 'June']) {
      expect(await window.ask('jobs.page', { filter: { text }, sort, cursor: null, limit: 10 })).toMatchObject({
        error: { code: 'search_hidden' },
      });
      expect(expectOk(await window.ask('jobs.count', { filter: { text } })).count).toBe(0);
    }
    for (const text of ['prompt:canary', 'error:canary', 'j1 output:canary'])
      expect(await window.ask('jobs.count', { filter: { text } })).toMatchObject({ error: { code: 'search_hidden' } });
    const byId = expectOk(await window.ask('jobs.page', { filter: { text: 'j1' }, sort, cursor: null, limit: 10 }));
    expect(byId.rows.map(({ id }) => id)).toEqual(['j1']);
    const owners = expectOk(await window.ask('owner.find', { beginning: 'w', limit: 5 }));
    expect(owners.workspaceIds).toEqual(['w1']);
    const wish = { type: 'where', where: 'canary' } as const;
    expect(await window.ask('plans.make', { wish, reason: 'x' })).toMatchObject({ error: { code: 'search_hidden' } });
    const [plan] = expectOk(await window.ask('plans.list', {})).plans;
    const query = plan?.source.type === 'where' ? plan.source.where : '';
    expect(query).toMatch(/^state:failed cause:cause-[0-9a-f]{32} ⟦redacted: words⟧$/);
    const found = expectOk(
      await window.ask('jobs.page', { filter: { states: ['failed'] }, sort, cursor: null, limit: 10 }),
    );
    expect(found.rows.map(({ id }) => id)).toEqual(['j1']);
  });

  it('names causes of failures by tokens that are good for lists and decisions', async () => {
    const window = await openAsSupport(BY_PATTERN);
    const week = { fromMs: Date.now() - 7 * 86_400_000, toMs: Date.now() + 86_400_000 };
    const [group] = expectOk(await window.ask('failures.list', week)).groups;
    expect(group?.id).toMatch(/^cause-/);
    expect(group?.causes[0]?.message).toContain(redactionMark('bird'));
    const sort = { column: 'createdAt', direction: 'descending' } as const;
    const page = async (fingerprint: string) =>
      expectOk(await window.ask('jobs.page', { filter: { fingerprint }, sort, cursor: null, limit: 10 })).rows.length;
    expect(await page(group?.id ?? '')).toBe(1);
    const job = await server.client
      .db(server.dbName)
      .collection<{ _id: string; failure: { fingerprint: string } }>('jobs')
      .findOne({ _id: 'j1' });
    expect(await page(job?.failure.fingerprint ?? '')).toBe(0);
    const unseen = { groupId: group?.id ?? '', seenVersion: 7, act: { type: 'reopen' } } as const;
    expect(await window.ask('failures.decide', unseen)).toMatchObject({
      error: { code: 'write_conflict', detail: unseen.groupId },
    });
    expectOk(
      await window.ask('failures.decide', {
        groupId: group?.id ?? '',
        seenVersion: 0,
        act: { type: 'resolve', note: 'mended' },
      }),
    );
    const decided = await server.client
      .db(server.dbName)
      .collection<{ _id: string }>('failure_groups')
      .find()
      .toArray();
    expect(decided.map(({ _id }) => _id)).toEqual([job?.failure.fingerprint]);
  });

  it('retries with an edit of what they see; what they do not see is what it was, or the edit is refused', async () => {
    const window = await openAsSupport(BY_PATTERN);
    const seen = expectOk(await window.ask('job.get', { jobId: 'j1' }));
    const options = JSON.parse(seen.optionsJson) as Record<string, unknown>;
    const ask = (edited: { prompt: string; optionsJson: string }) =>
      window.ask('retry.run', {
        requestId: crypto.randomUUID(),
        jobId: 'j1',
        version: 3,
        reason: 'because',
        edited,
      });
    const changed = { prompt: `${seen.prompt}, please`, optionsJson: seen.optionsJson };
    expect(await ask(changed)).toMatchObject({ error: { code: 'text_hidden', detail: 'prompt' } });
    const added = { prompt: seen.prompt, optionsJson: JSON.stringify({ ...options, pages: 7 }) };
    const { jobId } = expectOk(await ask(added));
    const store = await server.openStore();
    const [made, original] = await Promise.all(
      [jobId, 'j1'].map(async (id) => {
        const found = expectOk(await store.reader.readJob(id));
        return found?.type === 'job' ? found.job.input : null;
      }),
    );
    expect(made).toMatchObject({ prompt: original?.prompt, options: { ...original?.options, pages: 7 } });
  });

  it('cannot send a draft of somebody who saw more as if it were the job', async () => {
    const founder = await openConsole('fay');
    await keepDraft(founder);
    await putRules(founder, BY_PATH);
    const [draft] = expectOk(await founder.ask('drafts.list', {})).drafts;
    const body = JSON.parse(draft?.bodyJson ?? '{}') as { edited: typeof EDITED };
    expect(body.edited.prompt).toBe(redactionMark('field 0 in a draft'));
    expect(await founder.ask('retry.preview', { jobId: 'j1', reason: '', edited: body.edited })).toMatchObject({
      error: { code: 'text_hidden' },
    });
  });

  it('sees no text while the server holds rules that cannot be used, nor without the server before rules were read', async () => {
    const rules = server.client.db(server.dbName).collection<{ _id: string }>('redaction_rules');
    await rules.insertOne({ _id: '000001', rules: 'all of them' } as never);
    const window = await openConsole('fay');
    await window.untilStatus(({ redaction }) => redaction.version === null && redaction.isHiding);
    expect(expectOk(await window.ask('job.get', { jobId: 'j1' })).prompt).toBe(redactionMark('rules not known'));
    expect(expectOk(await window.ask('output.get', { jobId: 'j2' }))).toMatchObject({ state: 'hidden' });
  });
});

describe.each(['viewer', 'finance'] as const)('a %s, who may read no payload', (role) => {
  it('is shown no prompt and no option in any answer, cannot search for one, and finds jobs by their fields', async () => {
    const founder = await openConsole('fay');
    expectOk(await founder.ask('people.set', { personId: 'vic', role }));
    const window = await openConsole('vic');
    await window.untilStatus(({ person, redaction }) => person.role === role && redaction.isHiding);
    const sort = { column: 'createdAt', direction: 'descending' } as const;
    const ask = { sort, cursor: null, limit: 100 };
    const { rows } = expectOk(await window.ask('jobs.page', { filter: {}, ...ask }));
    expect(rows.map(({ promptStart }) => promptStart)).toEqual(rows.map(() => redactionMark('not for your role')));
    expect(rows.map(({ id }) => id).sort()).toEqual(['j1', 'j2']);
    expect(await window.ask('jobs.page', { filter: { text: 'June' }, ...ask })).toMatchObject({
      error: { code: 'search_hidden' },
    });
    const failed = expectOk(await window.ask('jobs.page', { filter: { states: ['failed'] }, ...ask }));
    expect(failed.rows.map(({ id }) => id)).toEqual(['j1']);
    expect(await window.ask('job.get', { jobId: 'j1' })).toMatchObject({ error: { code: 'permission_denied' } });
    const week = { fromMs: Date.now() - 7 * 86_400_000, toMs: Date.now() + 86_400_000 };
    const answers = [JSON.stringify(rows), JSON.stringify(expectOk(await window.ask('failures.list', week)))];
    for (const name of requestNameSchema.options) {
      const samples = fc.sample(sampleOf(REQUESTS[name].params), { numRuns: EACH, seed: SEED });
      for (const params of samples) answers.push(JSON.stringify(await window.ask(name, params as never)));
    }
    for (const wrote of [`write about ${MARK} in June`, `another ${MARK} text`, `like ${MARK} would`]) {
      expect(answers.filter((answer) => answer.includes(wrote))).toEqual([]);
    }
  });
});

describe('the rules', () => {
  it('are tried against recent jobs by counts alone, are audited, and are refused where they are not the founder’s', async () => {
    const window = await openConsole('fay');
    const draft = { rules: [...BY_PATTERN, ...BY_PATH.slice(0, 1)] };
    const tried = expectOk(await window.ask('redaction.try', { draft, jobs: 100 }));
    expect(tried.jobs).toBe(2);
    expect(tried.rules.map(({ ruleId, jobs }) => [ruleId, jobs])).toEqual([
      ['canary', 2],
      ['path-0', 2],
    ]);
    expect(JSON.stringify(tried)).not.toContain(MARK);
    await putRules(window, draft.rules);
    expect(await window.ask('redaction.put', { basedOn: 0, draft, reason: 'again' })).toMatchObject({
      error: { code: 'write_conflict' },
    });
    expectOk(await window.ask('people.set', { personId: 'sue', role: 'support' }));
    const support = await openConsole('sue');
    for (const name of ['redaction.get', 'redaction.put', 'redaction.try'] as const) {
      expect(await support.ask(name, {} as never)).toMatchObject({ error: { code: 'permission_denied' } });
    }
    const page = expectOk(
      await window.ask('audit.page', {
        filter: { actorId: null, action: 'redaction.put', subject: null },
        cursor: null,
        limit: 10,
      }),
    );
    expect(page.rows.map(({ entry }) => entry?.outcome)).toEqual(
      expect.arrayContaining(['asked', 'done', 'write_conflict']),
    );
  });
});
