import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outputHandlers } from '../../../electron/engine/handlers/output-handlers.ts';
import { previewFileOf, respondWithPreview } from '../../../electron/main/preview-files.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import { accessOf } from '#domain/people.ts';
import { jobSchema } from '#domain/job.ts';
import { ok } from '#domain/result.ts';
import { jobIn } from '../../support/cache-world.ts';

const NAME = `ab/${'c'.repeat(32)}-1`;
const PAGE = '<h1>Tea</h1><script>top.document.title = "ran"</script>';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-preview-'));
  mkdirSync(path.join(folder, 'ab'));
  writeFileSync(path.join(folder, `${NAME}.html`), PAGE);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an artefact that main serves', () => {
  it.each([
    '/preview/../index.html',
    '/preview/ab/../../own.sqlite',
    `/preview/${NAME}.js`,
    `/preview/${NAME}.svg`,
    `/${NAME}.html`,
    `/preview/${NAME}.html/x`,
    `/preview/AB/${'c'.repeat(32)}-1.html`,
  ])('is none by the name %s', (pathname) => {
    expect(previewFileOf(pathname, folder)).toBeNull();
  });

  it('comes with a policy under which nothing runs and nothing is asked for', async () => {
    const file = previewFileOf(`/preview/${NAME}.html`, folder);
    if (file === null) throw new Error('it has the name of an artefact');
    const response = await respondWithPreview(file, null);
    const policy = response.headers.get('Content-Security-Policy') ?? '';
    expect(policy.split('; ')).toEqual(expect.arrayContaining(['sandbox', "default-src 'none'"]));
    expect(policy).not.toMatch(/script-src|connect-src|allow-/);
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(await response.text()).toBe(PAGE);
  });

  it.each([
    { range: 'bytes=0-3', status: 206, text: '<h1>' },
    { range: 'bytes=4-', status: 206, text: PAGE.slice(4) },
    { range: 'bytes=900-901', status: 416, text: '' },
  ])('comes in parts for a player: $range', async ({ range, status, text }) => {
    const response = await respondWithPreview({ path: path.join(folder, `${NAME}.html`), type: 'text/html' }, range);
    expect([response.status, await response.text()]).toEqual([status, text]);
  });
});

describe("what is shown of a job's output", () => {
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  const look = async (output: { uri: string; mime: string; sha256: string }) => {
    const job = jobSchema.parse({ ...jobIn({ id: 'j', state: 'completed' }), output: { bytes: 1, ...output } });
    const reader = { job: () => ok({ type: 'job', job, document: {} }) } as unknown as CopyReader;
    const access = accessOf({ role: 'founder', isReadOnly: false });
    const asking = {
      actor: { type: 'user', id: 'sam' } as const,
      signal: new AbortController().signal,
      access,
      note: () => undefined,
    };
    return outputHandlers(
      () => reader,
      folder,
      () => null,
    )['output.get']({ jobId: 'j' }, asking);
  };

  it('is a page at a place of its own where the hash is right, and nothing where it is not', async () => {
    const page = { uri: `artefact:${NAME}.html`, mime: 'text/html', sha256: hashOf(PAGE) };
    expect(await look(page)).toMatchObject({
      value: { state: 'intact', look: 'page', path: `/preview/${NAME}.html`, text: null },
    });
    expect(await look({ ...page, sha256: hashOf('other') })).toMatchObject({
      value: { state: 'changed', look: 'none', path: null, text: null },
    });
  });

  it('is JSON as indented text', async () => {
    writeFileSync(path.join(folder, `${NAME}.json`), '{"a":1}');
    const json = { uri: `artefact:${NAME}.json`, mime: 'application/json', sha256: hashOf('{"a":1}') };
    expect(await look(json)).toMatchObject({ value: { look: 'text', text: '{\n  "a": 1\n}' } });
  });

  it('is JSON whose numbers are those that the file has', async () => {
    const text = '{"seed":12345678901234567891,"share":0.12345678901234567891,"sum":1.50,"far":1e400}';
    writeFileSync(path.join(folder, `${NAME}.json`), text);
    const json = { uri: `artefact:${NAME}.json`, mime: 'application/json', sha256: hashOf(text) };
    expect(await look(json)).toMatchObject({
      value: {
        text: '{\n  "seed": 12345678901234567891,\n  "share": 0.12345678901234567891,\n  "sum": 1.50,\n  "far": 1e400\n}',
      },
    });
  });

  it('is said to be missing or elsewhere, and is never looked for outside of the folder', async () => {
    const sha256 = hashOf('');
    expect(await look({ uri: `artefact:ab/${'d'.repeat(32)}-1.html`, mime: 'text/html', sha256 })).toMatchObject({
      value: { state: 'missing' },
    });
    for (const uri of ['artefact:../own.sqlite', 'https://example.com/x.png', 'file:///etc/passwd']) {
      expect(await look({ uri, mime: 'text/html', sha256 })).toMatchObject({
        value: { state: 'elsewhere', path: null },
      });
    }
  });
});
