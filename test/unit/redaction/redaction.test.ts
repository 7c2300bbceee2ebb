import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, problemOfPattern } from '#console/redaction/linear-pattern.ts';
import { EchoFinder } from '#domain/redaction/echo.ts';
import { blindLens, lensOf, lensOfRules, type Lens } from '#domain/redaction/lens.ts';
import { redactJobDocument, redactUnknownDocument } from '#domain/redaction/redact-document.ts';
import { hasMark, piecesOf, redactionMark } from '#domain/redaction/redaction-mark.ts';
import {
  diffRedaction,
  nextRedactionVersion,
  NO_REDACTION,
  redactionRuleSchema,
  type RedactionRule,
} from '#domain/redaction/redaction-rule.ts';
import { restoreEdited } from '#domain/redaction/restore-edited.ts';
import { isHiddenBy, parsePath, problemOfPath } from '#domain/redaction/text-path.ts';
import { failedJob } from '../../support/failed-job.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const TOOLS = { compile: compilePattern, tokenOf: (text: string) => `token of ${text.length}` };

function hides(path: string, label = 'hidden'): RedactionRule {
  return { id: `p-${label}`.replaceAll(' ', '-'), label, roles: ['support'], where: { type: 'path', path } };
}

function matches(pattern: string, label = 'matched', ignoresCase = false): RedactionRule {
  return { id: `m-${label}`, label, roles: ['support'], where: { type: 'pattern', pattern, ignoresCase } };
}

function lens(...rules: readonly RedactionRule[]): Lens {
  return lensOfRules(rules, TOOLS);
}

describe('a path', () => {
  it.each([
    ['input.prompt', 'input.prompt', true],
    ['input.prompt', 'input.options.style', false],
    ['input.options.*', 'input.options.style', true],
    ['input.options.*', 'input.options.a.b', true],
    ['input.options', 'input.options.a', true],
    ['input.options.style', 'input.options.styles', false],
    ['customer.*.name', 'customer.billing.name', true],
    ['customer.*.name', 'customer.name', false],
  ] as const)('%s names %s: %s', (path, at, isHidden) => {
    expect(isHiddenBy(parsePath(path), parsePath(at))).toBe(isHidden);
  });

  it.each([
    '_id',
    'state',
    'billing.price',
    'input',
    'input.hash',
    '*',
    'failure',
    'a..b',
    'output.uri',
    'lease.token',
  ])('%s cannot be hidden, and it is said why', (path) => {
    expect(problemOfPath(path)).toEqual(expect.any(String));
  });

  it.each(['input.prompt', 'input.options.style', 'attempts.failure.message', 'output', 'customer.mail'])(
    '%s can be hidden',
    (path) => {
      expect(problemOfPath(path)).toBeNull();
    },
  );
});

describe('a pattern', () => {
  it.each(['(a)\\1', '(?=a)b', '[', 'a*', ''])('%j cannot be used, and it is said why', (pattern) => {
    expect(problemOfPattern(pattern)).toEqual(expect.any(String));
  });

  it('that would take other engines longer than anybody lives is done with at once', () => {
    const find = compilePattern('(a+)+$', false);
    expect(find(`${'a'.repeat(5000)}b`)).toEqual([]);
  });

  it('hides every match under its label, and of matches that overlap the first', () => {
    const seen = lens(matches('[0-9]{3}-[0-9]{4}', 'phone'), matches('call [0-9]+', 'call'));
    expect(seen.clean('call 555-1234 or 555-9876, twice')).toBe(
      `${redactionMark('call')} or ${redactionMark('phone')}, twice`,
    );
    expect(lens(matches('secret', 'word', true)).clean('a SECRET')).toBe(`a ${redactionMark('word')}`);
  });

  it('leaves nothing that it matches in any text (property)', () => {
    const seen = lens(matches('x[0-9]+', 'number'));
    fc.assert(
      fc.property(fc.stringMatching(/^[x0-9 ]{0,40}$/), (text) => {
        const plain = piecesOf(seen.clean(text)).filter(({ label }) => label === null);
        expect(plain.some(({ text: rest }) => /x[0-9]+/.test(rest))).toBe(false);
      }),
      { seed: SEED },
    );
  });
});

describe('a document of a job', () => {
  const PROMPT = 'A love letter to Brunhilde of Worms';
  const base = failedJob({ failureClass: 'validation' });
  const job = { ...base, input: { ...base.input, prompt: PROMPT, options: { style: 'gothic poem', pages: 3 } } };

  it('keeps every field, so that it reads as a job as before, and shows what is hidden as hidden', () => {
    const { value } = redactJobDocument(
      job,
      lens(hides('input.prompt', 'prompt'), hides('input.options.*', 'options')),
    );
    expect(value.input).toEqual({
      prompt: redactionMark('prompt'),
      options: { style: redactionMark('options'), pages: redactionMark('options') },
      hash: redactionMark('hash of the input'),
    });
    expect(Object.keys(value)).toEqual(Object.keys(job));
    expect(value.createdAt).toEqual(job.createdAt);
    expect(value.billing).toEqual(job.billing);
  });

  it('has no hash where a pattern hides a part of its input, because a few digits are found by trying', () => {
    const hashOf = (pattern: string): string => redactJobDocument(job, lens(matches(pattern))).value.input.hash;
    expect(hashOf('Brunhilde')).toBe(redactionMark('hash of the input'));
    expect(hashOf('Siegfried')).toBe(job.input.hash);
  });

  it('loses what messages quote of a hidden prompt, also its beginning and in other case', () => {
    const message = 'refused: “A LOVE LETTER to Brun…” is not a page';
    const quoting = { ...job, failure: { ...job.failure, message } };
    const { value, echoes } = redactJobDocument(quoting, lens(hides('input.prompt', 'prompt')));
    expect(JSON.stringify(value)).not.toMatch(/love letter|brun/i);
    expect(JSON.stringify(value)).toContain(`refused: “${redactionMark('prompt')}…” is not a page`);
    expect(echoes.clean('said: Brunhilde of Worms')).toBe(`said:${redactionMark('prompt')}`);
  });

  it('is shown also where its options have a time that no date holds', () => {
    const job = failedJob({ failureClass: 'validation' });
    const options = { due: new Date(Number.NaN), note: 'mine' };
    const { value } = redactJobDocument({ ...job, input: { ...job.input, options } }, lens(hides('input.prompt')));
    expect(value.input).toMatchObject({ prompt: redactionMark('hidden'), options: { note: 'mine' } });
  });

  it('has a token in the place of a fingerprint, which holds the words of a message', () => {
    const { value } = redactJobDocument(job, lens(hides('failure.message')));
    const { fingerprint } = base.failure ?? { fingerprint: '' };
    expect(JSON.stringify(value)).not.toContain(fingerprint);
    expect(JSON.stringify(value)).toContain(`token of ${fingerprint.length}`);
  });

  it('that is no job shows no text where any path hides inputs, because nobody knows where they stand', () => {
    const unknown = { _id: 'x', state: 'failed', what: { is: [PROMPT], n: 3 } };
    expect(redactUnknownDocument(unknown, lens(hides('input.prompt', 'prompt')))).toEqual({
      _id: 'x',
      state: 'failed',
      what: { is: [redactionMark('prompt')], n: 3 },
    });
  });

  it('shows no text at all while nobody knows the rules', () => {
    const { value } = redactJobDocument(job, blindLens(TOOLS.tokenOf));
    expect(JSON.stringify(value)).not.toMatch(/gothic|Brunhilde|It failed/);
  });

  it('shows no hidden text wherever it is repeated (property)', () => {
    const seen = lens(hides('input.prompt', 'prompt'));
    const text = fc.stringMatching(/^[a-zA-Z ]{12,60}$/);
    fc.assert(
      fc.property(text, fc.string(), fc.string(), (prompt, before, after) => {
        const echoes = new EchoFinder([{ text: prompt, label: 'prompt' }]);
        expect(echoes.clean(`${before}${prompt}${after}`)).not.toContain(prompt);
        const input = { ...job.input, prompt };
        expect(redactJobDocument({ ...job, input }, seen).value.input.prompt).toBe(redactionMark('prompt'));
      }),
      { seed: SEED },
    );
  });
});

describe('an edit of an input of which something is hidden', () => {
  const original = {
    prompt: 'Call 555-1234 about tea',
    options: { tone: 'warm', contact: 'ring 555-9876', deep: { a: 1 } },
  };
  const seen = lens(matches('[0-9]{3}-[0-9]{4}', 'phone'));
  const asSeen = redactJobDocument({ input: original }, seen).value.input;

  it('that changes nothing is what it was', () => {
    expect(restoreEdited(original, asSeen, seen)).toEqual({ ok: true, value: original });
  });

  it('changes what was seen, adds and leaves out what was seen, and keeps the rest', () => {
    const { tone: _, ...others } = asSeen.options;
    expect(restoreEdited(original, { prompt: asSeen.prompt, options: { ...others, length: 2 } }, seen)).toEqual({
      ok: true,
      value: { prompt: original.prompt, options: { contact: original.options.contact, deep: { a: 1 }, length: 2 } },
    });
  });

  it.each([
    ['changes a text that was not seen whole', { prompt: `${asSeen.prompt}!`, options: asSeen.options }],
    ['replaces a text that was not seen whole', { prompt: 'something else', options: asSeen.options }],
    ['leaves one out', { prompt: asSeen.prompt, options: { tone: 'warm' } }],
    ['writes a mark', { prompt: asSeen.prompt, options: { ...asSeen.options, tone: redactionMark('phone') } }],
    ['adds a mark', { prompt: asSeen.prompt, options: { ...asSeen.options, more: [redactionMark('phone')] } }],
  ])('is refused where it %s', (_name, edited) => {
    expect(restoreEdited(original, edited, seen)).toMatchObject({ ok: false, error: { code: 'text_hidden' } });
  });

  it('keeps a field whatever it is called, beside one that is hidden', () => {
    const deep: unknown = JSON.parse('{"note":"mine","free":1,"__proto__":{"kept":1}}');
    const original = { prompt: 'a page', options: { deep }, hash: 'h' };
    const seen = redactJobDocument({ input: original }, lens(hides('input.options.deep.note'))).value.input.options;
    const options = { ...seen, added: true };
    const restored = restoreEdited(original, { prompt: 'a page', options }, lens(hides('input.options.deep.note')));
    expect(JSON.stringify(restored)).toBe(
      JSON.stringify({ ok: true, value: { prompt: 'a page', options: { added: true, deep } } }),
    );
    const free: unknown = JSON.parse(JSON.stringify(seen.deep).replace('"free":1', '"free":2'));
    const changed = restoreEdited(
      original,
      { prompt: 'a page', options: { deep: free } },
      lens(hides('input.options.deep.note')),
    );
    expect(JSON.stringify(changed)).toContain('"free":2,"__proto__":{"kept":1}');
  });

  it('never writes a mark and never changes what was hidden, whatever is edited (property)', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom(...Object.values(asSeen.options), asSeen.prompt), fc.integer());
    const options = fc.dictionary(fc.constantFrom('tone', 'contact', 'deep', 'more'), value);
    fc.assert(
      fc.property(fc.oneof(fc.constant(asSeen.prompt), fc.string()), options, (prompt, edited) => {
        const restored = restoreEdited(original, { prompt, options: edited }, seen);
        if (!restored.ok) return;
        expect(hasMark(JSON.stringify(restored.value))).toBe(false);
        expect(restored.value.prompt).toBe(original.prompt);
        expect(restored.value.options['contact']).toBe(original.options.contact);
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });
});

describe('versions of the rules', () => {
  const step = { by: { type: 'user', id: 'ann' } as const, at: new Date(0), reason: 'law', problemOfPattern };

  it('hide nothing from a role that no rule names', () => {
    expect(lensOf({ rules: [hides('input.prompt')] }, 'founder', TOOLS)).toBeNull();
    expect(lensOf({ rules: [hides('input.prompt')] }, 'support', TOOLS)).not.toBeNull();
  });

  it.each(['viewer', 'finance'] as const)('hide what customers wrote from a %s, who may read no payload', (role) => {
    const lens = lensOf({ rules: [] }, role, TOOLS);
    expect(lens?.hiddenAt(['input', 'prompt'])).toBe('not for your role');
    expect(lens?.hiddenAt(['input', 'options', 'tone'])).toBe('not for your role');
    expect(lens?.hiddenAt(['failure', 'message'])).toBeNull();
    expect(lensOf({ rules: [] }, 'support', TOOLS)).toBeNull();
  });

  it('follow one another, each with a reason and a difference', () => {
    const draft = { rules: [hides('input.prompt', 'prompt')] };
    const first = nextRedactionVersion(NO_REDACTION, draft, step);
    expect(first).toMatchObject({ ok: true, value: { _id: '000001', version: 1, reason: 'law' } });
    if (!first.ok) return;
    expect(nextRedactionVersion(first.value, draft, step)).toMatchObject({ ok: false });
    expect(nextRedactionVersion(NO_REDACTION, draft, { ...step, reason: ' ' })).toMatchObject({ ok: false });
    const bad = { rules: [matches('(a)\\1')] };
    expect(nextRedactionVersion(first.value, bad, step)).toMatchObject({ error: { code: 'invalid_request' } });
  });

  it('say what was added, removed and changed', () => {
    const from = { rules: [hides('input.prompt', 'a'), hides('output', 'b')] };
    const to = { rules: [{ ...hides('input.prompt', 'a'), label: 'c' }, matches('x', 'd')] };
    expect(diffRedaction(from, to).map(({ change }) => change)).toEqual(['changed', 'removed', 'added']);
  });

  it.each(['a⟧', '"', '', ' ', '<b>'])('have no label %j, which would break what it stands in', (label) => {
    expect(redactionRuleSchema.safeParse(hides('output', label)).success).toBe(false);
  });
});
