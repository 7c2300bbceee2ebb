import { Int32, serialize } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '#sandbox/semantics/compare.ts';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import { applyUpdate } from '#sandbox/semantics/updates.ts';
import { decodeExact, encode, type Doc } from '#sandbox/semantics/values.ts';

/** A document as its fields in their order; the driver's objects cannot say it. */
type Fields = readonly (readonly [string, Fields | number])[];

const name = fc.constantFrom(
  'a',
  'b',
  '0',
  '1',
  '2',
  '10',
  '2024',
  '007',
  '4294967295',
  '9999999999',
  '-1',
  '\uffff5',
  '5',
);
const ID = ['_id', 0] as const;

function fieldsOf(depth: number): fc.Arbitrary<Fields> {
  const value = depth === 0 ? fc.nat(9) : fc.oneof(fc.nat(9), fieldsOf(depth - 1));
  return fc.uniqueArray(fc.tuple(name, value), { maxLength: 6, selector: ([one]) => one });
}
const document = fieldsOf(2).map((fields): Fields => [ID, ...fields]);

function bytesOf(fields: Fields): Buffer {
  const asMap = (all: Fields): Map<string, unknown> =>
    new Map(all.map(([key, value]) => [key, typeof value === 'number' ? new Int32(value) : asMap(value)]));
  return Buffer.from(serialize(asMap(fields)));
}

function decoded(fields: Fields): Doc {
  return decodeExact(bytesOf(fields));
}

function written(doc: Doc | undefined): string {
  return Buffer.from(encode(doc ?? {})).toString('latin1');
}

function text(fields: Fields): string {
  return bytesOf(fields).toString('latin1');
}

function isNumeric(one: string): boolean {
  return /^\d+$/.test(one);
}

/** The manual: names in lexicographic order, numeric ones by their numbers. */
function byName([left]: Fields[number], [right]: Fields[number]): number {
  if (isNumeric(left) && isNumeric(right)) return Number(left) - Number(right);
  return compareBytes(left, right);
}

/** What `$set` of fields of the first level makes. */
function set(before: Fields, given: Fields): Fields {
  const kept = before.map(([key, value]) => [key, given.find(([one]) => one === key)?.[1] ?? value] as const);
  const added = given.filter(([key]) => !before.some(([one]) => one === key));
  return [...kept, ...[...added].sort(byName)];
}

const request = { filter: {}, arrayFilters: [], variables: {} };
const run = (stages: readonly Doc[], input: Doc): Doc | undefined =>
  runPipeline(stages, [input], { variables: {}, collection: () => [] })[0];

describe('field names that are whole numbers', () => {
  it('stand where they stood when a document is written anew', () => {
    fc.assert(
      fc.property(document, (fields) => {
        expect(written(decoded(fields))).toBe(text(fields));
      }),
    );
  });

  it('keep their place under $set, and new ones follow in the order of their names', () => {
    const given = fieldsOf(1).filter((fields) => fields.length > 0 && fields.every(([key]) => key !== '\uffff5'));
    fc.assert(
      fc.property(document, given, (before, fields) => {
        const after = applyUpdate(decoded(before), { ...request, update: { $set: decoded(fields) } });
        const expected = text(set(before, fields));
        expect(after === null ? text(before) : written(after.document)).toBe(expected);
      }),
    );
  });

  it('stand as a replacement gives them', () => {
    fc.assert(
      fc.property(document, document, (before, given) => {
        const after = applyUpdate(decoded(before), { ...request, update: decoded(given) });
        expect(after === null ? text(before) : written(after.document)).toBe(text(given));
      }),
    );
  });

  it('stand as in the document when a projection picks them, whatever its own order is', () => {
    const names = fc.uniqueArray(
      name.filter((one) => one !== '\uffff5'),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(document, names, (fields, picked) => {
        const shown = run([{ $project: decoded(picked.map((one) => [one, 1] as const)) }], decoded(fields));
        expect(written(shown)).toBe(
          text(fields.filter(([key]) => key === '_id' || (picked as string[]).includes(key))),
        );
      }),
    );
  });

  it('go to pairs and back in their order', () => {
    fc.assert(
      fc.property(document, (fields) => {
        const stages = [{ $replaceWith: { $arrayToObject: { $objectToArray: '$$ROOT' } } }];
        expect(written(run(stages, decoded(fields)))).toBe(text(fields));
      }),
    );
  });
});
