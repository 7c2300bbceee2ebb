import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { attach, type AttachedStore } from '#engine/attach.ts';
import { RedirectListener } from '#engine/sign-in/redirect-listener.ts';
import { SignInDesk, type SignInDeskOptions } from '#engine/sign-in/sign-in-desk.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import type { SignIn } from '#store/sign-in.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startIdentityProvider, visit, type TestIdentityProvider } from '../../support/identity-provider.ts';

const SERVER = 'db.example/shop';
const MINUTE_MS = 60_000;

let provider: TestIdentityProvider;
let sandbox: Sandbox;
let attached: AttachedStore[];

beforeEach(async () => {
  provider = await startIdentityProvider();
  provider.expiresInSeconds = 60;
  attached = [];
  sandbox = await startOn(provider.forSandbox.users);
});
afterEach(async () => {
  await Promise.all(attached.map((one) => one.close()));
  await sandbox.stop();
  await provider.stop();
});

/** A server with the clock of its provider. */
function startOn(users: TestIdentityProvider['forSandbox']['users']): Promise<Sandbox> {
  const identityProvider = { ...provider.forSandbox, users };
  return startSandbox({
    dataDir: 'memory',
    auth: { users: [{ name: 'root', password: 'root', roles: [] }], identityProvider },
    now: () => Date.now() + provider.aheadMs,
  });
}

function deskOf(given: Partial<SignInDeskOptions> = {}): SignInDesk {
  return new SignInDesk({
    openPage: ({ url }) => {
      void visit(url);
      return Promise.resolve(ok(undefined));
    },
    onWaiting: () => undefined,
    now: () => Date.now() + provider.aheadMs,
    ...given,
  });
}

function signInOf(desk: SignInDesk): SignIn {
  return desk.forServer({ server: SERVER, allowedHosts: null, redirectPort: null });
}

async function connect(signIn: SignIn): Promise<Result<AttachedStore, AppError>> {
  const uri = `${sandbox.uri}&authMechanism=MONGODB-OIDC`;
  const one = await attach({ uri, dbName: 'shop', appName: 'test', signIn });
  if (one.ok) attached.push(one.value);
  return one;
}

describe('a sign-in', () => {
  it('is one for clients that ask at once and for those that come later', async () => {
    const signIn = signInOf(deskOf());
    for (const one of await Promise.all([connect(signIn), connect(signIn), connect(signIn)])) expectOk(one);
    expectOk(await connect(signIn));
    expect(provider.pages).toBe(1);
  });

  it('is renewed without a page when its token has ended, once for all clients', async () => {
    const signIn = signInOf(deskOf());
    const [first, second] = [expectOk(await connect(signIn)), expectOk(await connect(signIn))];
    provider.aheadMs = 2 * MINUTE_MS;
    expectOk(await first.ping());
    const counted = (): Promise<Result<unknown, AppError>> => second.store.people.list();
    expectOk(await counted());
    expectOk(await first.store.people.list());
    expect(provider).toMatchObject({ pages: 1, renewals: 1 });
  });

  it('that cannot be renewed opens no page before somebody asks for it', async () => {
    const desk = deskOf();
    const client = expectOk(await connect(signInOf(desk)));
    provider.aheadMs = 2 * MINUTE_MS;
    provider.renews = false;
    expect(await client.store.people.list()).toMatchObject({ error: { code: 'sign_in_needed' } });
    expect(await client.store.people.list()).toMatchObject({ error: { code: 'sign_in_needed' } });
    expect(provider.pages).toBe(1);
    desk.begin(SERVER);
    expectOk(await client.store.people.list());
    expect(provider.pages).toBe(2);
  });

  it('that nobody makes ends by itself', async () => {
    provider.atPage = 'does nothing';
    const desk = deskOf({ personMsMax: 200 });
    expect(await connect(signInOf(desk))).toMatchObject({ error: { code: 'sign_in_timed_out' } });
    expect(await connect(signInOf(desk))).toMatchObject({ error: { code: 'sign_in_timed_out' } });
    expect(provider.pages).toBe(1);
  });

  it.each([
    { name: 'no page', says: { authorization_endpoint: undefined }, code: 'sign_in_unreachable' },
    { name: 'a page that is none', says: { authorization_endpoint: 'nowhere' }, code: 'sign_in_unreachable' },
    { name: 'a script', says: { authorization_endpoint: 'javascript:alert(1)' }, code: 'sign_in_untrusted' },
    { name: 'no place for tokens', says: { token_endpoint: 42 }, code: 'sign_in_unreachable' },
  ])('with a provider that names $name is refused with a reason', async ({ says, code }) => {
    provider.saysOfItself = says;
    expect(await connect(signInOf(deskOf()))).toMatchObject({ error: { code } });
  });

  it('needs no list of scopes that can be read', async () => {
    provider.saysOfItself = { scopes_supported: 7 };
    expect(await connect(signInOf(deskOf()))).toMatchObject({ ok: true });
  });

  it.each([
    { status: 401, headers: { 'www-authenticate': 'Basic realm="idp"' }, body: '' },
    { status: 200, headers: { 'content-type': 'application/json' }, body: '{' },
    { status: 200, headers: { 'content-type': 'application/json' }, body: '[]' },
    { status: 200, headers: { 'content-type': 'application/json' }, body: '{"access_token":7,"token_type":"Bearer"}' },
    { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sorry</h1>' },
    { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
    { status: 503, headers: {}, body: '' },
  ])('whose provider answers $status with "$body" instead of a token is refused with a reason', async (instead) => {
    provider.insteadOfToken = instead;
    const refused = await connect(signInOf(deskOf()));
    expect(refused).toMatchObject({ error: { code: expect.stringMatching(/^sign_in_/) as string } });
  });

  it('that is cancelled waits no longer for who is asked whether a page may be opened', async () => {
    const asked = Promise.withResolvers<undefined>();
    const desk = deskOf({
      openPage: () => {
        asked.resolve(undefined);
        return new Promise(() => undefined);
      },
    });
    const connecting = connect(signInOf(desk));
    await asked.promise;
    desk.cancel();
    expect(await connecting).toMatchObject({ error: { code: 'sign_in_cancelled' } });
  });

  it('that another one came after is still shown and can still be cancelled when that one is over', async () => {
    const waiting: (string | null)[] = [];
    const desk = deskOf({
      openPage: () => Promise.resolve(ok(undefined)),
      onWaiting: (one) => void waiting.push(one?.server ?? null),
    });
    const until = async (last: string | null): Promise<void> => {
      await expect.poll(() => waiting.at(-1)).toBe(last);
    };
    const first = connect(signInOf(desk));
    await until(SERVER);
    const second = connect(desk.forServer({ server: 'other.example/shop', allowedHosts: null, redirectPort: null }));
    await until('other.example/shop');
    desk.cancel();
    expect(await second).toMatchObject({ error: { code: 'sign_in_cancelled' } });
    await until(SERVER);
    desk.cancel();
    expect(await first).toMatchObject({ error: { code: 'sign_in_cancelled' } });
    await until(null);
  });

  it('of one person is nothing to another who is named for the same server', async () => {
    const desk = deskOf();
    expectOk(await connect(signInOf(desk)));
    const uri = sandbox.uri.replace('mongodb://', 'mongodb://bob@');
    const bobs = { uri: `${uri}&authMechanism=MONGODB-OIDC`, dbName: 'shop', appName: 'test', signIn: signInOf(desk) };
    desk.begin(SERVER);
    attached.push(expectOk(await attach(bobs)));
    expect(provider.pages).toBe(2);
  });

  it('of somebody whom the server does not know is refused, and not shown to it again', async () => {
    await sandbox.stop();
    sandbox = await startOn([]);
    const desk = deskOf();
    expect(await connect(signInOf(desk))).toMatchObject({ error: { code: 'login_refused' } });
    expect(await connect(signInOf(desk))).toMatchObject({ error: { code: 'login_refused' } });
    expect(provider.pages).toBe(1);
    desk.begin(SERVER);
    expect(await connect(signInOf(desk))).toMatchObject({ error: { code: 'login_refused' } });
    expect(provider.pages).toBe(2);
  });

  it('of one server is nothing to another', async () => {
    const desk = deskOf();
    expectOk(await connect(signInOf(desk)));
    expectOk(await connect(desk.forServer({ server: 'other.example/shop', allowedHosts: null, redirectPort: null })));
    expect(provider.pages).toBe(2);
  });

  it('is nobody’s where nobody is there', async () => {
    const uri = `${sandbox.uri}&authMechanism=MONGODB-OIDC`;
    expect(await attach({ uri, dbName: 'shop', appName: 'test' })).toMatchObject({ error: { code: 'sign_in_needed' } });
  });
});

/** What a listener answers to a request of its own making. */
function ask(
  to: URL | { readonly host: string; readonly port: string; readonly path: string },
  headers: Record<string, string> = {},
): Promise<number | string> {
  const { hostname, port, path } =
    to instanceof URL
      ? { hostname: to.hostname, port: to.port, path: `${to.pathname}${to.search}` }
      : { ...to, hostname: to.host };
  return new Promise((resolve) => {
    const asked = request({ hostname, port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', (cause: NodeJS.ErrnoException) => resolve(cause.code ?? cause.message));
    asked.end();
  });
}

describe('the place where a browser comes back to', () => {
  const never = new AbortController().signal;

  it('hears one request on loopback, and none that names another host or path', async () => {
    const listener = expectOk(await RedirectListener.open(null));
    const url = new URL(`${listener.redirectUri}?state=s&code=c`);
    expect(url.hostname).toBe('127.0.0.1');
    expect(await ask(new URL('/favicon.ico', url))).toBe(404);
    expect(await ask(url, { host: 'evil.example' })).toBe(404);
    // A path may begin with a host of its own, which then is the address's.
    const led = { host: url.hostname, port: url.port, path: `//evil.example${url.pathname}?state=s` };
    expect(await ask(led, { host: 'evil.example' })).toBe(404);
    const answered = ask(url);
    expect(expectOk(await listener.take('s', never)).searchParams.get('code')).toBe('c');
    expect(await ask(url)).toBe('ECONNREFUSED');
    listener.answer(true);
    expect(await answered).toBe(200);
  });

  it('believes no other state', async () => {
    const listener = expectOk(await RedirectListener.open(null));
    const answered = ask(new URL(`${listener.redirectUri}?state=other&code=c`));
    expect(await listener.take('s', never)).toMatchObject({ error: { code: 'sign_in_forged' } });
    listener.close();
    expect(await answered).toBe(400);
  });

  it('is called localhost where its port is known by heart, and says when that is taken', async () => {
    const free = expectOk(await RedirectListener.open(null));
    const port = Number(new URL(free.redirectUri).port);
    expect(await RedirectListener.open(port)).toMatchObject({ error: { code: 'sign_in_blocked' } });
    free.close();
    const fixed = expectOk(await RedirectListener.open(port));
    expect(fixed.redirectUri).toBe(`http://localhost:${port}/redirect`);
    fixed.close();
  });
});
