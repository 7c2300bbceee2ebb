import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listenSettings } from '#cli/listen-settings.ts';
import { expectOk } from '../../support/expect-ok.ts';

function folder(): string {
  return mkdtempSync(path.join(tmpdir(), 'listen-settings-'));
}

function tokenOf(artefacts: string, token?: string): string {
  const flags = { listen: 9000, listenHost: '127.0.0.1', artefacts };
  return expectOk(listenSettings(flags, token, () => undefined))?.token ?? 'none';
}

describe("a listener's token", () => {
  it('is made at the first start, and is the same at the next', () => {
    const artefacts = path.join(folder(), 'new');
    const token = tokenOf(artefacts);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(tokenOf(artefacts)).toBe(token);
    expect(readdirSync(artefacts)).toEqual(['listen-token']);
  });

  it.skipIf(process.platform === 'win32')('may be read by its owner alone', () => {
    const artefacts = folder();
    tokenOf(artefacts);
    expect(statSync(path.join(artefacts, 'listen-token')).mode & 0o777).toBe(0o600);
  });

  it.each(['', '\n'])('is made anew where a crash has left a file without one (%j)', (left) => {
    const artefacts = folder();
    writeFileSync(path.join(artefacts, 'listen-token'), left);
    const token = tokenOf(artefacts);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(path.join(artefacts, 'listen-token'), 'utf8')).toBe(token);
  });

  it.each([
    ['a token with the end of its line', 'secret\n', 'secret'],
    ['a token of its own', 'secret', 'secret'],
  ])('is what can be brought of %s', (_what, given, token) => {
    expect(tokenOf(folder(), given)).toBe(token);
  });

  it.each([
    ['the folder is none', (artefacts: string) => writeFileSync(artefacts, ''), 'ENOTDIR'],
    [
      'a folder has its name',
      (artefacts: string) => mkdirSync(path.join(artefacts, 'listen-token'), { recursive: true }),
      'EISDIR',
    ],
  ])('is refused in words where %s', (_what, spoil, code) => {
    const artefacts = path.join(folder(), 'spoilt');
    spoil(artefacts);
    const flags = { listen: 9000, listenHost: '127.0.0.1', artefacts };
    const detail = expect.stringMatching(
      new RegExp(`^--listen: its token cannot be kept in .+, ${code}$`, 'u'),
    ) as unknown;
    expect(listenSettings(flags, undefined, () => undefined)).toMatchObject({
      error: { code: 'invalid_request', detail },
    });
  });

  it('is not one of gaps alone', () => {
    expect(tokenOf(folder(), ' ')).toMatch(/^[0-9a-f]{64}$/);
  });
});
