import { describe, expect, it } from 'vitest';
import { validateData, validateDocument } from '#runner/validators/json-document.ts';
import { schemaProblem } from '#runner/validators/json-schema.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';

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
    const validation = await validateData(artefactFile(text), options);
    expect(failedChecks(validation)).toEqual(failed);
    expect(validation.passed).toBe(failed.length === 0);
  });

  it('say where they are not as described', async () => {
    const { checks } = await validateData(artefactFile('{"cups":0}'), { schema: CUPS });
    expect(checks.at(-1)?.message).toBe('/cups must be >= 1');
  });

  it('are not checked for ever against a pattern that has no end', async () => {
    const schema = { type: 'string', pattern: '^(a+)+$' };
    const validation = await validateData(artefactFile(JSON.stringify(`${'a'.repeat(60)}!`)), { schema });
    expect(failedChecks(validation)).toEqual(['schema']);
  });
});

describe('a document', () => {
  it.each<{ text: string | Uint8Array; options: Record<string, unknown>; failed: readonly string[] }>([
    { text: '# Tea\n\nOpen at five.', options: {}, failed: [] },
    { text: '# Tea\n\n```js\nlet a = 1;\n```\n', options: {}, failed: [] },
    { text: '# Tea\n\n```js\nlet a =', options: {}, failed: ['complete'] },
    { text: '``` is not closed', options: { format: 'text' }, failed: [] },
    { text: ' \n ', options: {}, failed: ['not_empty'] },
    { text: Uint8Array.of(0xff, 0xfe, 0x00), options: {}, failed: ['readable'] },
    { text: '# Tea', options: { format: 'json' }, failed: ['parses'] },
    { text: '{"cups":3}', options: { schema: CUPS }, failed: [] },
    { text: '{"cups":"3"}', options: { schema: CUPS }, failed: ['schema'] },
  ])('$text held against $options fails $failed', async ({ text, options, failed }) => {
    expect(failedChecks(await validateDocument(artefactFile(text), options))).toEqual(failed);
  });
});

describe('a schema that cannot be used', () => {
  it.each([
    { schema: { type: 'cup' } },
    { schema: { $ref: 'https://elsewhere.example/schema.json' } },
    { schema: { pattern: '(' } },
    { schema: { $schema: 'https://example.com/unknown' } },
    { schema: { $async: true, type: 'object' } },
  ])('is found out before anything is bought: $schema', ({ schema }) => {
    expect(schemaProblem({ schema })).toContain('cannot be used');
  });

  it.each([{}, { schema: CUPS }, { schema: TUPLE_2020 }, { schema: true }])('is not %o', (options) => {
    expect(schemaProblem(options)).toBeNull();
  });
});
