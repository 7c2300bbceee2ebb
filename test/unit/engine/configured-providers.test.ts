import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configuredProviders } from '#engine/configured-providers.ts';
import { namedProviders, NO_PROVIDERS, type ProviderSources } from '#engine/provider-settings.ts';
import { expectOk } from '../../support/expect-ok.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-providers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, document: unknown, mode = 0o600): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document), { mode });
  return file;
}

const OPENAI = { type: 'openai', name: 'texts', baseUrl: 'https://api.example.com/v1', key: 'texts-key' };
const REPLICATE = { type: 'replicate', name: 'pictures', key: 'pictures' };

function sourcesOf(providers: readonly object[], changes: Partial<ProviderSources> = {}): ProviderSources {
  return { ...NO_PROVIDERS, file: fileOf('providers.json', { providers }), ...changes };
}

function refusalOf(sources: ProviderSources): string {
  const made = configuredProviders(sources);
  if (made.ok) throw new Error('nothing was refused');
  expect(made.error.code).toBe('providers_invalid');
  return made.error.detail ?? '';
}

describe('the providers of a configuration', () => {
  it('are made from a file, with keys from another file and from the environment', () => {
    const keysFile = fileOf('keys.json', { pictures: 'p-secret' });
    const sources = sourcesOf([OPENAI, REPLICATE], { keysFile, keys: { TEXTS_KEY: 't-secret' } });
    expect(expectOk(configuredProviders(sources)).map(({ name }) => name)).toEqual(['texts', 'pictures']);
  });

  it('are read from the environment, the single one besides', () => {
    const sources = namedProviders({
      RUNLEDGER_PROVIDER_URL: 'https://api.example.com/v1',
      RUNLEDGER_PROVIDER_KEY: 's',
      RUNLEDGER_PROVIDERS: fileOf('providers.json', { providers: [OPENAI] }),
      RUNLEDGER_KEY_TEXTS_KEY: 't-secret',
      PATH: '/bin',
    });
    expect(sources.keys).toEqual({ TEXTS_KEY: 't-secret' });
    expect(expectOk(configuredProviders(sources)).map(({ name }) => name)).toEqual(['openai', 'texts']);
  });

  it('are made from files that an editor of Windows began with a byte order mark', () => {
    const keysFile = fileOf('keys.json', '\ufeff{"texts-key": "t-secret"}');
    const file = fileOf('marked.json', `\ufeff${JSON.stringify({ providers: [OPENAI] })}`);
    const made = expectOk(configuredProviders({ ...NO_PROVIDERS, file, keysFile }));
    expect(made.map(({ name }) => name)).toEqual(['texts']);
  });

  it('are none where nothing is configured', () => {
    expect(configuredProviders(namedProviders({}))).toEqual({ ok: true, value: [] });
  });

  it('are refused where a key is missing, by its name', () => {
    expect(refusalOf(sourcesOf([OPENAI]))).toContain('texts needs the key texts-key');
  });

  it('are refused where two have one name', () => {
    const keys = { TEXTS_KEY: 'x' };
    expect(refusalOf(sourcesOf([OPENAI, OPENAI], { keys }))).toContain('same name');
    const single = { baseUrl: 'https://x.example', apiKey: 'y' };
    expect(refusalOf(sourcesOf([{ ...OPENAI, name: 'openai' }], { keys, single }))).toContain('two providers');
  });

  it.each([
    ['an unknown type', { ...OPENAI, type: 'oracle' }, 'providers.0.type'],
    ['a field too many', { ...OPENAI, apiKey: 'in the wrong place' }, 'providers.0'],
    ['an address that is none', { ...OPENAI, baseUrl: 'nowhere' }, 'providers.0.baseUrl'],
  ])('are refused with %s at its place, without what stands there', (_what, provider, place) => {
    const detail = refusalOf(sourcesOf([provider]));
    expect(detail).toContain(place);
    expect(detail).not.toContain('wrong place');
  });

  it('are refused where the keys stand where nobody can look, by the name of the file', () => {
    const keysFile = path.join(folder, 'k'.repeat(300));
    expect(refusalOf({ ...NO_PROVIDERS, keysFile })).toBe(`${keysFile}: it cannot be read`);
  });

  it('are refused where the file is no JSON or not there, without what stands in it', () => {
    expect(refusalOf({ ...NO_PROVIDERS, keysFile: fileOf('keys.json', 'sk-secret') })).not.toContain('sk-secret');
    expect(refusalOf({ ...NO_PROVIDERS, file: path.join(folder, 'none.json') })).toContain('cannot be read');
  });

  it.skipIf(process.platform === 'win32')('are refused where others can read the keys', () => {
    expect(refusalOf({ ...NO_PROVIDERS, keysFile: fileOf('keys.json', {}, 0o644) })).toContain('chmod 600');
  });

  it('are refused where one calls back and nothing listens', () => {
    const caller = {
      type: 'http',
      name: 'caller',
      submit: { url: 'https://x.example', body: {} },
      result: { how: 'callback' },
      read: { id: '/id', status: '/s', output: { at: '/o', as: 'text' } },
    };
    expect(refusalOf(sourcesOf([caller]))).toContain('--listen');
  });
});
