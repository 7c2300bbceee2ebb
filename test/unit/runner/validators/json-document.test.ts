import { afterAll, describe, expect, it } from 'vitest';
import { validateData, validateDocument } from '#runner/validators/json-document.ts';
import { CheckThreads } from '#runner/validators/check-threads.ts';
import { unstopped } from '../../../support/collecting-sink.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';

const ENTRY = new URL('../../../../electron/runner/validators/check-thread.ts', import.meta.url);
const schemas = new CheckThreads({ entry: ENTRY });
/** Impatient ones, for what has no end. */
const impatient = new CheckThreads({ entry: ENTRY, schemaMsMax: 300 });
afterAll(async () => {
  await schemas.stop();
  await impatient.stop();
});

/** A pattern, and a text for which it takes longer than the universe. */
const ENDLESS = { schema: { type: 'string', pattern: '^(a+)+$' }, text: JSON.stringify(`${'a'.repeat(60)}!`) };

const CUPS = {
  type: 'object',
  properties: { cups: { type: 'integer', minimum: 1 }, at: { type: 'string', format: 'date-time' } },
  required: ['cups'],
};
const TUPLE_2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'array',
  prefixItems: [{ type: 'string' }, { type: 'number' }],
  items: false,
};

describe('data', () => {
  it.each<{ text: string; options: Record<string, unknown>; failed: readonly string[] }>([
    { text: '{"cups":2}', options: {}, failed: [] },
    { text: '7', options: {}, failed: [] },
    { text: '{"cups":2', options: {}, failed: ['parses'] },
    { text: '```json\n{}\n```', options: {}, failed: ['parses'] },
    { text: '', options: {}, failed: ['size'] },
    { text: '{"cups":2,"at":"2026-10-01T08:00:00Z"}', options: { schema: CUPS }, failed: [] },
    { text: '{"cups":0}', options: { schema: CUPS }, failed: ['schema'] },
    { text: '{"cups":1,"at":"yesterday"}', options: { schema: CUPS }, failed: ['schema'] },
    { text: '[]', options: { schema: CUPS }, failed: ['schema'] },
    { text: '["a",1]', options: { schema: TUPLE_2020 }, failed: [] },
    { text: '["a",1,2]', options: { schema: TUPLE_2020 }, failed: ['schema'] },
    { text: '1', options: { schema: false }, failed: ['schema'] },
  ])('$text held against $options fails $failed', async ({ text, options, failed }) => {
    const validation = await validateData(artefactFile(text), options, schemas);
    expect(failedChecks(validation)).toEqual(failed);
    expect(validation.passed).toBe(failed.length === 0);
  });

  it('say where they are not as described', async () => {
    const { checks } = await validateData(artefactFile('{"cups":0}'), { schema: CUPS }, schemas);
    expect(checks.at(-1)?.message).toBe('/cups must be >= 1');
  });

  it('are not checked for ever against a pattern that has no end, and the check says so', async () => {
    const { checks } = await validateData(artefactFile(ENDLESS.text), ENDLESS, impatient);
    expect(checks.at(-1)).toMatchObject({
      name: 'schema',
      passed: false,
      message: 'The schema could not be checked: checking it took more than 300 ms of processor time',
    });
    expect(await impatient.differences({ schema: CUPS }, '{"cups":2}')).toEqual([]);
  });

  it('hold nothing else up while they are checked', async () => {
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 10);
    await impatient.differences(ENDLESS, ENDLESS.text);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(1);
  });

  it('do not wait behind a schema that has no end', async () => {
    const ended: string[] = [];
    await Promise.all([
      schemas.differences(ENDLESS, ENDLESS.text).then(() => ended.push('endless')),
      schemas.differences({ schema: CUPS }, '{"cups":2}').then(() => ended.push('ordinary')),
    ]);
    expect(ended).toEqual(['ordinary', 'endless']);
  });

  it('that take more memory than a check may are no more than a check that failed', async () => {
    const frugal = new CheckThreads({ entry: ENTRY, threadMbMax: 32, schemaMsMax: 60_000 });
    const many = `[${'{"a":[]},'.repeat(1_000_000)}0]`;
    // It is at work for long, so that it is looked at.
    expect(await frugal.differences({ schema: { uniqueItems: true } }, many)).toEqual([
      'The schema could not be checked: checking it took more than 32 MB of memory',
    ]);
    expect(await frugal.differences({ schema: CUPS }, '{"cups":0}')).toEqual(['/cups must be >= 1']);
    await frugal.stop();
  });
});

describe('a document', () => {
  it.each<{ text: string | Uint8Array; options: Record<string, unknown>; failed: readonly string[] }>([
    { text: '# Tea\n\nOpen at five.', options: {}, failed: [] },
    { text: '# Tea\n\n```js\nlet a = 1;\n```\n', options: {}, failed: [] },
    { text: '# Tea\n\n```js\nlet a =', options: {}, failed: ['complete'] },
    { text: '# Tea\n\n```npm i``` installs it.', options: {}, failed: [] },
    { text: '````md\n```js\n````\n', options: {}, failed: [] },
    { text: '~~~\n```\n~~~\r\n', options: {}, failed: [] },
    { text: '1. ```js\n   let a = 1;\n   ```\n', options: {}, failed: [] },
    { text: '````md\n```js\nlet a = 1;', options: {}, failed: ['complete'] },
    { text: '``` is not closed', options: { format: 'text' }, failed: [] },
    { text: ' \n ', options: {}, failed: ['not_empty'] },
    { text: Uint8Array.of(0xff, 0xfe, 0x00), options: {}, failed: ['readable'] },
    { text: '# Tea', options: { format: 'json' }, failed: ['parses'] },
    { text: '{"cups":3}', options: { schema: CUPS }, failed: [] },
    { text: '{"cups":"3"}', options: { schema: CUPS }, failed: ['schema'] },
  ])('$text held against $options fails $failed', async ({ text, options, failed }) => {
    expect(failedChecks(await validateDocument(artefactFile(text), options, schemas))).toEqual(failed);
  });
});

describe('a schema that cannot be used', () => {
  it.each([
    { schema: { type: 'cup' } },
    { schema: { $ref: 'https://elsewhere.example/schema.json' } },
    { schema: { pattern: '(' } },
    { schema: { $schema: 'https://example.com/unknown' } },
    { schema: { $async: true, type: 'object' } },
  ])('is found out before anything is bought: $schema', async ({ schema }) => {
    expect(await schemas.problemOf({ schema }, unstopped())).toContain('cannot be used');
  });

  it.each([{}, { schema: CUPS }, { schema: TUPLE_2020 }, { schema: true }])('is not %o', async (options) => {
    expect(await schemas.problemOf(options, unstopped())).toBeNull();
  });

  it('is not waited for by a runner that is stopped', async () => {
    const ended: string[] = [];
    const stop = new AbortController();
    const before = [1, 2].map(() => impatient.differences(ENDLESS, ENDLESS.text).then(() => ended.push('endless')));
    const problem = impatient.problemOf({ schema: { type: 'cup' } }, stop.signal);
    stop.abort();
    expect(await problem).toBeNull();
    expect(ended).toEqual([]);
    await Promise.all(before);
  });

  it('is not said of one whose thread cannot be had', async () => {
    const broken = new CheckThreads({ entry: new URL('./no-such-thread.ts', import.meta.url) });
    await expect(broken.problemOf({ schema: CUPS }, unstopped())).rejects.toThrow('no-such-thread');
  });
});
