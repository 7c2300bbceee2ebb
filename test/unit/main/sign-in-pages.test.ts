import { describe, expect, it } from 'vitest';
import { SignInPages, signInPageOf } from '../../../electron/main/sign-in-pages.ts';

const ASKED = {
  response_type: 'code',
  client_id: 'c',
  redirect_uri: 'http://127.0.0.1:4711/redirect',
  code_challenge: 'x',
  code_challenge_method: 'S256',
  state: 's',
};
const pageAt = (place: string, given: Partial<Record<keyof typeof ASKED, string>> = {}): string =>
  `${place}?${new URLSearchParams({ ...ASKED, ...given }).toString()}`;
/** Of a page that is waited for however long the person takes. */
const WAITED_FOR = new AbortController().signal;
const PAGE = pageAt('https://idp.example/authorize');

describe('a page to sign in at', () => {
  it.each([
    PAGE,
    pageAt('https://idp.example:8443/a/b', { redirect_uri: 'http://localhost:27097/redirect' }),
    pageAt('http://127.0.0.1:9000/authorize'),
  ])('is %s', (url) => {
    expect(signInPageOf(url)?.href).toBe(url);
  });

  it.each([
    'nothing',
    'https://idp.example/authorize',
    pageAt('http://idp.example/authorize'),
    pageAt('https://user@idp.example/authorize'),
    pageAt('https://user:secret@idp.example/authorize'),
    pageAt('file:///etc/passwd'),
    pageAt('javascript:alert(1)'),
    pageAt('ms-settings:x'),
    `${PAGE}#fragment`,
    `${PAGE}&redirect_uri=https%3A%2F%2Fevil.example%2Fredirect`,
    pageAt('https://idp.example/authorize', { response_type: 'token' }),
    pageAt('https://idp.example/authorize', { code_challenge_method: 'plain' }),
    pageAt('https://idp.example/authorize', { code_challenge: '' }),
    pageAt('https://idp.example/authorize', { state: '' }),
    pageAt('https://idp.example/authorize', { redirect_uri: 'https://evil.example/redirect' }),
    pageAt('https://idp.example/authorize', { redirect_uri: 'http://127.0.0.1.evil.example:80/redirect' }),
  ])('is not %s', (url) => {
    expect(signInPageOf(url)).toBeNull();
  });
});

/** Pages with a person who answers as told, and a clock that is moved. */
function setup(agrees: boolean) {
  const world = { agrees, nowMs: 0, asked: [] as string[], opened: [] as string[] };
  const pages = new SignInPages(
    {
      agree: (host, server) => {
        world.asked.push(`${host} for ${server}`);
        return Promise.resolve(world.agrees);
      },
      open: (url) => void world.opened.push(url),
    },
    () => world.nowMs,
  );
  return { world, pages };
}

describe('pages to sign in at', () => {
  it('are opened once the person has agreed to host and server, and then without asking', async () => {
    const { world, pages } = setup(true);
    expect(await pages.open(PAGE, 'db/shop', WAITED_FOR)).toMatchObject({ ok: true });
    world.nowMs += 1000;
    await pages.open(PAGE, 'db/shop', WAITED_FOR);
    expect(world).toMatchObject({ asked: ['idp.example for db/shop'], opened: [PAGE, PAGE] });
    world.nowMs += 1000;
    await pages.open(PAGE, 'other/shop', WAITED_FOR);
    world.nowMs += 1000;
    await pages.open(pageAt('https://other.example/authorize'), 'db/shop', WAITED_FOR);
    expect(world.asked).toEqual(['idp.example for db/shop', 'idp.example for other/shop', 'other.example for db/shop']);
  });

  it('are not opened where the person does not want it, who is asked again the next time', async () => {
    const { world, pages } = setup(false);
    expect(await pages.open(PAGE, 'db/shop', WAITED_FOR)).toMatchObject({ error: { code: 'sign_in_cancelled' } });
    world.nowMs += 1000;
    await pages.open(PAGE, 'db/shop', WAITED_FOR);
    expect(world.opened).toEqual([]);
    expect(world.asked).toHaveLength(2);
  });

  it('are opened at most once a second, and nothing else is', async () => {
    const { world, pages } = setup(true);
    expect(await pages.open('https://idp.example/', 'db/shop', WAITED_FOR)).toMatchObject({
      error: { code: 'sign_in_blocked' },
    });
    await pages.open(PAGE, 'db/shop', WAITED_FOR);
    world.nowMs += 999;
    expect(await pages.open(PAGE, 'db/shop', WAITED_FOR)).toMatchObject({ error: { code: 'sign_in_blocked' } });
    expect(world.opened).toEqual([PAGE]);
  });

  it('are asked about once at a time, however often they are wanted meanwhile', async () => {
    const answered = Promise.withResolvers<boolean>();
    const [asked, opened]: [string[], string[]] = [[], []];
    let nowMs = 0;
    const agree = (host: string): Promise<boolean> => {
      asked.push(host);
      return answered.promise;
    };
    const pages = new SignInPages({ agree, open: (url) => void opened.push(url) }, () => nowMs);
    const first = pages.open(PAGE, 'db/shop', WAITED_FOR);
    nowMs += 5000;
    expect(await pages.open(PAGE, 'db/shop', WAITED_FOR)).toMatchObject({ error: { code: 'sign_in_blocked' } });
    answered.resolve(true);
    expect(await first).toMatchObject({ ok: true });
    expect({ asked, opened }).toEqual({ asked: ['idp.example'], opened: [PAGE] });
  });

  it('are not opened for a sign-in that ended before the person answered, and the next one is asked about', async () => {
    const [asked, opened]: [string[], string[]] = [[], []];
    const answered = Promise.withResolvers<boolean>();
    let nowMs = 0;
    const agree = (host: string, _server: string, withdrawn: AbortSignal): Promise<boolean> => {
      asked.push(host);
      // As a dialog that the system cannot close; one that it can is cancelled by it.
      return withdrawn === ended.signal ? answered.promise : Promise.resolve(true);
    };
    const pages = new SignInPages({ agree, open: (url) => void opened.push(url) }, () => nowMs);
    const ended = new AbortController();
    const late = pages.open(PAGE, 'db/shop', ended.signal);
    ended.abort();
    answered.resolve(true);
    expect(await late).toMatchObject({ error: { code: 'sign_in_cancelled' } });
    expect(opened).toEqual([]);
    nowMs += 1000;
    expect(await pages.open(pageAt('https://other.example/authorize'), 'db/shop', WAITED_FOR)).toMatchObject({
      ok: true,
    });
    expect(asked).toEqual(['idp.example', 'other.example']);
  });
});
