import { BSONRegExp, Binary, Code, DBRef, Decimal128, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedContentError, decodeDocument, encodeDocument } from '#cache/document-encoding.ts';
import { searchTextOf } from '#cache/job-columns.ts';
import { searchedText, textOf } from '#cache/searched-texts.ts';
import { SEARCH_FIELDS } from '#contract/query/search-terms.ts';
import { anyJobSpec, jobIn } from '../../support/cache-world.ts';

/** What stands in documents beside texts, and what no document of a job should hold. */
const anyValue = fc.constantFrom<unknown>(
  null,
  true,
  0.5,
  '',
  'a tea garden',
  'Café \u{1f375}',
  [],
  ['a', { acceptanceId: 'acc-1' }],
  [{ acceptanceId: 'acc-2' }, null, { acceptanceId: 7 }],
  { prompt: 'a pot', code: 'timeout', message: 'too slow', generationId: 'g1', acceptanceId: 'acc-3', uri: 's3://a' },
  { prompt: { prompt: 'inner' }, code: 1, uri: ['s3://a'] },
  { $ref: 'jobs', $id: 1, prompt: 'of a reference' },
  Long.fromString('9223372036854775807'),
  Decimal128.fromString('1.5'),
  new Date(1),
  new ObjectId('a'.repeat(24)),
  new Binary(Buffer.from('input')),
  new BSONRegExp('a', 'i'),
  new Code('input'),
  new Code('code', { prompt: 'in a scope' }),
  new DBRef('jobs', new ObjectId('a'.repeat(24))),
);
// prettier-ignore
const NAMES = [
  '_id', 'workspaceId', 'userId', 'input', 'failure', 'billing', 'provider', 'attempts', 'output', 'history', 'inputs', 'inpu', 'Öl',
  '$ref', '$id', '$db', '$other', '__proto__',
];
const anyDocument = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), anyValue), { selector: ([name]) => name })
  .map((fields) => encodeDocument(Object.fromEntries(fields)));

type Outcome = readonly string[] | 'damaged';

function attempt(read: () => readonly string[]): Outcome {
  try {
    return read();
  } catch (error) {
    if (error instanceof DamagedContentError) return 'damaged';
    throw error;
  }
}

/** What the whole document, decoded, has in each field. */
function fromWhole(bytes: Buffer): Outcome {
  return attempt(() => {
    const document = decodeDocument(bytes);
    return SEARCH_FIELDS.map((field) => textOf(document, field));
  });
}

function everyText(outcome: Outcome): boolean {
  return outcome === 'damaged' || outcome.every((text) => typeof text === 'string');
}

function fromFields(bytes: Buffer): Outcome {
  return attempt(() => SEARCH_FIELDS.map((field) => searchedText(bytes, field)));
}

describe('what a search looks through in a stored document', () => {
  it('is what the search index is made of', () => {
    fc.assert(
      fc.property(anyJobSpec, (spec) => {
        const job = jobIn(spec);
        const text = searchTextOf(job);
        const bytes = encodeDocument(job);
        expect(searchedText(bytes, 'prompt')).toBe(text.prompt);
        expect(searchedText(bytes, 'error').trim()).toBe(text.error);
        expect(searchedText(bytes, 'user')).toBe(text.user);
        expect(searchedText(bytes, 'output')).toBe(text.output);
        const words = (ids: string): ReadonlySet<string> => new Set(ids.split(' ').filter((id) => id !== ''));
        expect(words(searchedText(bytes, 'ids'))).toEqual(words(text.ids));
      }),
      { numRuns: 200 },
    );
  });

  it('is the same from its fields as from the whole of it, whatever the fields hold', () => {
    fc.assert(
      fc.property(anyDocument, (bytes) => {
        expect(fromFields(bytes)).toEqual(fromWhole(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same where a name stands twice', () => {
    const [first, second] = [{ input: { prompt: 'first' } }, { input: { prompt: 'second' }, userId: 'u1' }].map(
      (part) => encodeDocument(part).subarray(4, -1),
    );
    const elements = Buffer.concat([first ?? Buffer.alloc(0), second ?? Buffer.alloc(0), Buffer.alloc(1)]);
    const bytes = Buffer.concat([Buffer.alloc(4), elements]);
    bytes.writeInt32LE(bytes.length);
    expect(searchedText(bytes, 'prompt')).toBe('second');
    expect(fromFields(bytes)).toEqual(fromWhole(bytes));
  });

  it('is the same of any bytes that can be decoded, and damage or a text of all others', () => {
    const anySpoiled = fc
      .tuple(
        fc.oneof(
          anyDocument,
          anyJobSpec.map((spec) => encodeDocument(jobIn(spec))),
        ),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(), { freq: 6 }),
      )
      .map(([whole, changes, length]) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return length === null ? bytes : bytes.subarray(0, length % (bytes.length + 1));
      });
    fc.assert(
      fc.property(
        fc.oneof(
          anySpoiled,
          fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          const whole = fromWhole(bytes);
          const read = fromFields(bytes);
          // What is damaged elsewhere is met by whoever reads it.
          expect(whole === 'damaged' ? everyText(read) : read).toEqual(whole === 'damaged' ? true : whole);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
