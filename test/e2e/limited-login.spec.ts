import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import type { Page } from '@playwright/test';
import { leastPrivilegeRoles, serverRoleName } from '#domain/least-privilege.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { expectOk } from '../support/expect-ok.ts';
import { entriesOf, failedJob } from '../support/failed-job.ts';
import { grant, queuedJob } from '../support/job-builder.ts';
import { openTestStore } from '../support/test-server.ts';
import { expect, test } from './application.ts';
import { openJob } from './job.page.ts';
import { keepScreen } from './screens.ts';

const DB = 'production';
/** A password that is looked for. */
const MARK = 'canary-e4b7';

function addressOf(sandbox: Sandbox, user: string, authSource: string): string {
  const uri = new URL(sandbox.uri);
  uri.username = user;
  uri.password = 'secret';
  uri.searchParams.set('authSource', authSource);
  return uri.href;
}

/** A server that asks everybody to log in, with a failed job, a waiting one, two logins that may do little, and a founder with the marked password. */
async function startLimited(): Promise<{ readonly sandbox: Sandbox; readonly root: MongoClient }> {
  const users = [{ name: 'root', password: 'secret', roles: [{ name: 'root', db: 'admin' }] }];
  const sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  const root = await new MongoClient(addressOf(sandbox, 'root', 'admin')).connect();
  const roles = leastPrivilegeRoles(DB);
  for (const role of roles) await root.db(DB).command({ ...role });
  const support = roles.find(({ createRole }) => createRole === serverRoleName('support'));
  const privileges = (support?.privileges ?? []).filter(({ resource }) => resource.collection !== 'failure_groups');
  await root.db(DB).command({ createRole: 'almost_support', privileges, roles: support?.roles ?? [] });
  await root.db(DB).command({ createUser: 'vic', pwd: 'secret', roles: [serverRoleName('viewer')] });
  await root.db(DB).command({ createUser: 'sam', pwd: 'secret', roles: ['almost_support'] });
  await root.db(DB).command({ createUser: 'mia', pwd: MARK, roles: [serverRoleName('founder')] });
  const store = await openTestStore(addressOf(sandbox, 'root', 'admin'), DB);
  expectOk(await store.writer.createIndexes());
  const given = { since: new Date(), by: 'root' };
  // The console would let vic do everything: what is switched off is so by the server's privileges alone.
  expectOk(await store.people.save({ _id: `vic@${DB}`, role: 'founder', ...given }));
  expectOk(await store.people.save({ _id: `mia@${DB}`, role: 'founder', ...given }));
  expectOk(await store.people.save({ _id: `sam@${DB}`, role: 'support', ...given }));
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  const failed = failedJob({ id: 'failed-1', workspaceId: 'w1', failureClass: 'temporary', at: new Date() });
  expectOk(await store.writer.insertJobs([failed]));
  for (const entry of entriesOf(failed)) expectOk(await store.writer.postEntry(entry));
  expectOk(await store.writer.insertJobs([queuedJob({ id: 'waits-1', workspaceId: 'w1', createdAt: new Date() })]));
  await store.close();
  return { sandbox, root };
}

/** What a window in somebody else's hands gets for an answer: it passes over every switch and sends the message. */
function ask(page: Page, name: string, params: unknown): Promise<unknown> {
  return page.evaluate(
    ([wanted, given]) => {
      const { runledger } = window as unknown as {
        runledger: { invoke(name: unknown, params: unknown): Promise<unknown> };
      };
      return runledger.invoke(wanted, given);
    },
    [name, params] as const,
  );
}

const DECIDE = { groupId: 'g1', seenVersion: 0, act: { type: 'resolve', note: 'done' } };
const REFUSED = { ok: false, error: { code: 'not_authorized' } };

test.describe('a login that may do little', () => {
  test.setTimeout(240_000);

  test('as a viewer sees everything switched off with the reason, and a hostile message does no more', async ({
    start,
  }) => {
    const { sandbox, root } = await startLimited();
    try {
      const env = { MONGODB_URI: addressOf(sandbox, 'vic', DB), RUNLEDGER_DB: DB };
      const { page } = await start({ env });
      await openJob(page, 'failed-1');
      const reason = "the server's user lacks insert on jobs, update on jobs";
      await expect(page.getByText(reason).first()).toBeVisible();
      await expect(page.getByRole('button', { name: /^Retry/ })).toBeDisabled();
      await keepScreen(page, 'limited-viewer-job');
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Failures' }).click();
      await expect(page.getByText('insert on failure_groups, update on failure_groups').first()).toBeVisible();
      await keepScreen(page, 'limited-viewer-failures');

      const before = await everything(root);
      const order = { requestId: crypto.randomUUID(), jobId: 'failed-1', version: 3, reason: 'x', edited: null };
      for (const [name, params] of [
        ['retry.run', order],
        ['cancel.run', { jobId: 'waits-1', reason: 'x' }],
        ['failures.decide', DECIDE],
        ['people.set', { personId: 'vic', role: 'founder' }],
        ['policy.put', { basedOn: 1, draft: {}, reason: 'x' }],
        ['periods.close', { period: '2026-10' }],
      ] as const) {
        const answer = await ask(page, name, params);
        expect(answer, name).toMatchObject({ ok: false });
        if (name !== 'policy.put') expect(answer, name).toMatchObject(REFUSED);
      }
      expect(await everything(root)).toEqual(before);
    } finally {
      await root.close();
      await sandbox.stop();
    }
  });

  test('as support without failure_groups retries, decides nothing about failures, and is told why', async ({
    start,
  }) => {
    const { sandbox, root } = await startLimited();
    try {
      const env = { MONGODB_URI: addressOf(sandbox, 'sam', DB), RUNLEDGER_DB: DB };
      const { page } = await start({ env });
      await openJob(page, 'failed-1');
      await expect(page.getByRole('button', { name: /^Retry/ })).toBeEnabled();
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Failures' }).click();
      await expect(page.getByText('insert on failure_groups, update on failure_groups').first()).toBeVisible();
      await keepScreen(page, 'limited-support-failures');
      const before = await everything(root);
      expect(await ask(page, 'failures.decide', DECIDE)).toMatchObject(REFUSED);
      expect(await everything(root)).toEqual(before);
      const answer = await ask(page, 'retry.preview', { jobId: 'failed-1', reason: 'again', edited: null });
      expect(answer).toMatchObject({ ok: true });
      const order = { requestId: crypto.randomUUID(), jobId: 'failed-1', version: 3, reason: 'again', edited: null };
      expect(await ask(page, 'retry.run', order)).toMatchObject({ ok: true });
    } finally {
      await root.close();
      await sandbox.stop();
    }
  });
});

test.describe('a password', () => {
  test.setTimeout(240_000);

  test('is in no file and no line that a crash of the page and of the engine leave behind', async ({ start }) => {
    const { sandbox, root } = await startLimited();
    try {
      const uri = new URL(addressOf(sandbox, 'mia', DB));
      uri.password = MARK;
      const app = await start({ env: { MONGODB_URI: uri.href, RUNLEDGER_DB: DB } });
      await openJob(app.page, 'failed-1');
      const isGone = app.page.waitForEvent('crash');
      await app.crash('page');
      await isGone;
      await expect.poll(() => app.log()).toContain('it is loaded again');
      const page = await app.pageAgain();
      await app.crash('engine');
      await expect.poll(() => app.log()).toMatch(/the engine ended/);
      await expect.poll(() => ask(page, 'job.get', { jobId: 'failed-1' })).toMatchObject({ ok: true });
      await app.stop();
      expect(app.log()).not.toContain(MARK);
      // Chromium's last processes still put files in their places: everything is looked at until nothing goes meanwhile.
      await expect.poll(() => filesWith(app.dataDir, MARK)).toEqual([]);
      const files = filesIn(app.dataDir);
      // There was a log and a copy that could have held it.
      expect(files.join()).toMatch(/\.log/);
      expect(files.join()).toMatch(/\.sqlite/);
    } finally {
      await root.close();
      await sandbox.stop();
    }
  });
});

test.describe('a password that the start command is given as an option', () => {
  test.setTimeout(240_000);

  for (const { way, password, port, says } of [
    { way: 'right', password: MARK, port: null, says: /failed-1/ },
    { way: 'wrong', password: `${MARK}-wrong`, port: null, says: /refused the login/ },
    { way: 'for a server that is not there', password: MARK, port: '1', says: /does not answer/ },
  ]) {
    test(`is in no line, no file and nothing in the window when it is ${way}`, async ({ start }) => {
      const { sandbox, root } = await startLimited();
      try {
        const uri = new URL(addressOf(sandbox, 'mia', DB));
        uri.password = password;
        uri.searchParams.set('serverSelectionTimeoutMS', '1500');
        if (port !== null) uri.port = port;
        const app = await start({ args: ['--uri', uri.href, '--db', DB] });
        await expect(app.page.getByText(says).first()).toBeVisible({ timeout: 60_000 });
        expect(await app.page.content()).not.toContain(MARK);
        await app.stop();
        expect(app.log()).toContain('Attaching to the MongoDB that the URI names.');
        expect(app.log()).not.toContain(MARK);
        await expect.poll(() => filesWith(app.dataDir, MARK)).toEqual([]);
        expect(filesIn(app.dataDir).join()).toMatch(/\.log/);
      } finally {
        await root.close();
        await sandbox.stop();
      }
    });
  }
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
}

/** The files that hold a text, and those that went before they were looked at. */
function filesWith(folder: string, text: string): readonly string[] {
  return filesIn(folder).filter((file) => {
    try {
      return readFileSync(file).includes(text);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return true;
      throw cause;
    }
  });
}

/** Every document of the database but the record of what was done. */
async function everything(root: MongoClient): Promise<Readonly<Record<string, unknown>>> {
  const db = root.db(DB);
  const names = (await db.listCollections().toArray()).map(({ name }) => name).sort();
  const kept = names.filter((name) => !name.startsWith('console_audit'));
  const documents = await Promise.all(kept.map((name) => db.collection(name).find().sort({ _id: 1 }).toArray()));
  return Object.fromEntries(kept.map((name, index) => [name, documents[index]]));
}
