import { EJSON } from 'bson';
import { describe, expect, it } from 'vitest';
import { validationDetails } from '#sandbox/semantics/validation-details.ts';
import { decodeExact, encode, type Doc } from '#sandbox/semantics/values.ts';

function details(validator: Doc, document: Doc): unknown {
  const told = validationDetails(decodeExact(encode(validator)), decodeExact(encode(document)));
  return EJSON.parse(EJSON.stringify(told));
}

type Case = readonly [name: string, validator: Doc, document: Doc, details: Doc];

/** The forms are those of MongoDB's `doc_validation_error.cpp`. */
const CONDITIONS: readonly Case[] = [
  [
    'a comparison, with the value',
    { a: { $gt: 5 } },
    { a: 1 },
    { operatorName: '$gt', specifiedAs: { a: { $gt: 5 } }, reason: 'comparison failed', consideredValue: 1 },
  ],
  [
    'a value that is to be the same',
    { 'a.b': 5 },
    { a: [{ b: 1 }, { b: [2, 3] }] },
    { operatorName: '$eq', specifiedAs: { 'a.b': 5 }, reason: 'comparison failed', consideredValues: [1, 2, 3] },
  ],
  [
    'a value that must not be',
    { a: { $ne: 5 } },
    { a: 5 },
    { operatorName: '$ne', specifiedAs: { a: { $ne: 5 } }, reason: 'comparison succeeded', consideredValue: 5 },
  ],
  [
    'a field that is not there',
    { a: { $lt: 5 } },
    {},
    { operatorName: '$lt', specifiedAs: { a: { $lt: 5 } }, reason: 'field was missing' },
  ],
  [
    'a list of values',
    { a: { $in: [1, 2] } },
    { a: 3 },
    {
      operatorName: '$in',
      specifiedAs: { a: { $in: [1, 2] } },
      reason: 'no matching value found in array',
      consideredValue: 3,
    },
  ],
  [
    'ten of many values',
    { a: { $lt: 0 } },
    { a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
    {
      operatorName: '$lt',
      specifiedAs: { a: { $lt: 0 } },
      reason: 'comparison failed',
      consideredValues: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      consideredValuesTruncated: true,
    },
  ],
  [
    'a type',
    { a: { $type: 'string' } },
    { a: [1, true] },
    {
      operatorName: '$type',
      specifiedAs: { a: { $type: 'string' } },
      reason: 'type did not match',
      consideredValues: [1, true],
      consideredTypes: ['bool', 'int'],
    },
  ],
  [
    'an operator that looks at values of another type',
    { a: { $mod: [2, 0] } },
    { a: 'x' },
    {
      operatorName: '$mod',
      specifiedAs: { a: { $mod: [2, 0] } },
      reason: 'type did not match',
      consideredType: 'string',
      expectedTypes: ['decimal', 'double', 'int', 'long'],
      consideredValue: 'x',
    },
  ],
  [
    'a list as a whole',
    { a: { $size: 2 } },
    { a: [1] },
    {
      operatorName: '$size',
      specifiedAs: { a: { $size: 2 } },
      reason: 'array length was not equal to given size',
      consideredValue: [1],
    },
  ],
  [
    'a field that must be there',
    { a: { $exists: true } },
    {},
    { operatorName: '$exists', specifiedAs: { a: { $exists: true } }, reason: 'path does not exist' },
  ],
  [
    'a field that must not be there',
    { a: { $exists: false } },
    { a: 1 },
    { operatorName: '$exists', specifiedAs: { a: { $exists: false } }, reason: 'path does exist' },
  ],
  [
    'an expression, with its result',
    { $expr: { $gt: ['$a', 1] } },
    { a: 0 },
    {
      operatorName: '$expr',
      specifiedAs: { $expr: { $gt: ['$a', 1] } },
      reason: 'expression did not match',
      expressionResult: false,
    },
  ],
  [
    'of several conditions those that failed',
    { a: 1, b: { $gt: 2, $lt: 9 } },
    { a: 1, b: 0 },
    {
      operatorName: '$and',
      clausesNotSatisfied: [
        {
          index: 1,
          details: {
            operatorName: '$gt',
            specifiedAs: { b: { $gt: 2 } },
            reason: 'comparison failed',
            consideredValue: 0,
          },
        },
      ],
    },
  ],
  [
    'of alternatives all',
    { $or: [{ a: 1 }, { b: 1 }] },
    { a: 2 },
    {
      operatorName: '$or',
      clausesNotSatisfied: [
        {
          index: 0,
          details: { operatorName: '$eq', specifiedAs: { a: 1 }, reason: 'comparison failed', consideredValue: 2 },
        },
        { index: 1, details: { operatorName: '$eq', specifiedAs: { b: 1 }, reason: 'field was missing' } },
      ],
    },
  ],
  [
    'of what must not be what is',
    { $nor: [{ a: 1 }, { b: 1 }] },
    { a: 1, b: 2 },
    {
      operatorName: '$nor',
      clausesSatisfied: [
        {
          index: 0,
          details: { operatorName: '$eq', specifiedAs: { a: 1 }, reason: 'comparison succeeded', consideredValue: 1 },
        },
      ],
    },
  ],
  [
    'what stands under a $not',
    { a: { $not: { $gt: 1 } } },
    { a: 2 },
    {
      operatorName: '$not',
      details: {
        operatorName: '$gt',
        specifiedAs: { a: { $gt: 1 } },
        reason: 'comparison succeeded',
        consideredValue: 2,
      },
    },
  ],
];

const typeOf = (name: string, value: unknown, type: string): Doc => ({
  operatorName: 'bsonType',
  specifiedAs: { bsonType: name },
  reason: 'type did not match',
  consideredValue: value,
  consideredType: type,
});

/** What a schema is against, under one property. */
function property(
  schema: Doc,
  value: unknown,
  found: readonly Doc[],
  words: Doc = {},
): readonly [Doc, Doc, readonly Doc[]] {
  return [
    { properties: { p: schema } },
    { p: value },
    [{ operatorName: 'properties', propertiesNotSatisfied: [{ propertyName: 'p', ...words, details: found }] }],
  ];
}

const SCHEMAS: readonly (readonly [name: string, schema: Doc, document: Doc, rules: readonly Doc[]])[] = [
  [
    'what is missing, in order',
    { required: ['b', 'a', 'c'] },
    { c: 1 },
    [{ operatorName: 'required', specifiedAs: { required: ['b', 'a', 'c'] }, missingProperties: ['a', 'b'] }],
  ],
  [
    'a type, with the words of its schema',
    ...property({ bsonType: 'int', minimum: 0, description: 'a count' }, 'x', [typeOf('int', 'x', 'string')], {
      description: 'a count',
    }),
  ],
  [
    'a bound that is not to be reached',
    ...property({ minimum: 1, exclusiveMinimum: true }, 1, [
      {
        operatorName: 'minimum',
        specifiedAs: { minimum: 1, exclusiveMinimum: true },
        reason: 'comparison failed',
        consideredValue: 1,
      },
    ]),
  ],
  [
    'a pattern',
    ...property({ pattern: '^a' }, 'b', [
      {
        operatorName: 'pattern',
        specifiedAs: { pattern: '^a' },
        reason: 'regular expression did not match',
        consideredValue: 'b',
      },
    ]),
  ],
  [
    'a choice',
    ...property({ enum: ['a', 'b'] }, 'c', [
      {
        operatorName: 'enum',
        specifiedAs: { enum: ['a', 'b'] },
        reason: 'value was not found in enum',
        consideredValue: 'c',
      },
    ]),
  ],
  [
    'the first item',
    ...property(
      { items: { bsonType: 'int' } },
      [1, 'x', 'y'],
      [
        {
          operatorName: 'items',
          reason: 'At least one item did not match the sub-schema',
          itemIndex: 1,
          details: [typeOf('int', 'x', 'string')],
        },
      ],
    ),
  ],
  [
    'items by their place',
    ...property(
      { items: [{ bsonType: 'int' }, { bsonType: 'string' }] },
      [1, 2],
      [{ operatorName: 'items', details: [{ itemIndex: 1, details: [typeOf('string', 2, 'int')] }] }],
    ),
  ],
  [
    'items beyond those',
    ...property(
      { items: [{}], additionalItems: false },
      [1, 2],
      [
        {
          operatorName: 'additionalItems',
          specifiedAs: { additionalItems: false },
          reason: 'found additional items',
          additionalItems: [2],
        },
      ],
    ),
  ],
  [
    'too few items',
    ...property(
      { minItems: 2 },
      [1],
      [
        {
          operatorName: 'minItems',
          specifiedAs: { minItems: 2 },
          reason: 'array did not match specified length',
          consideredValue: [1],
          numberOfItems: 1,
        },
      ],
    ),
  ],
  [
    'an item twice',
    ...property(
      { uniqueItems: true },
      [1, 2, 2],
      [
        {
          operatorName: 'uniqueItems',
          specifiedAs: { uniqueItems: true },
          reason: 'found a duplicate item',
          consideredValue: [1, 2, 2],
          duplicatedValue: 2,
        },
      ],
    ),
  ],
  [
    'a property of a property',
    ...property({ properties: { q: { bsonType: 'int' } } }, { q: 'x' }, [
      {
        operatorName: 'properties',
        propertiesNotSatisfied: [{ propertyName: 'q', details: [typeOf('int', 'x', 'string')] }],
      },
    ]),
  ],
  [
    'properties that nobody named',
    { properties: { a: {} }, additionalProperties: false },
    { a: 1, b: 2 },
    [
      {
        operatorName: 'additionalProperties',
        specifiedAs: { additionalProperties: false },
        additionalProperties: ['b'],
      },
    ],
  ],
  [
    'the first property that nobody named',
    { additionalProperties: { bsonType: 'int' } },
    { a: 1, b: 'x' },
    [
      {
        operatorName: 'additionalProperties',
        reason: 'at least one additional property did not match the subschema',
        failingProperty: 'b',
        details: [typeOf('int', 'x', 'string')],
      },
    ],
  ],
  [
    'properties by their names',
    { patternProperties: { '^s': { bsonType: 'string' } } },
    { s1: 1 },
    [
      {
        operatorName: 'patternProperties',
        details: [{ propertyName: 's1', regexMatched: '^s', details: [typeOf('string', 1, 'int')] }],
      },
    ],
  ],
  [
    'too many properties',
    { maxProperties: 1 },
    { a: 1, b: 2 },
    [
      {
        operatorName: 'maxProperties',
        specifiedAs: { maxProperties: 1 },
        reason: 'specified number of properties was not satisfied',
        numberOfProperties: 2,
      },
    ],
  ],
  [
    'a property without another',
    { dependencies: { a: ['b', 'c'] } },
    { a: 1, c: 1 },
    [{ operatorName: 'dependencies', failingDependencies: [{ conditionalProperty: 'a', missingProperties: ['b'] }] }],
  ],
  [
    'a property with a schema for others',
    { dependencies: { a: { required: ['b'] } } },
    { a: 1 },
    [
      {
        operatorName: 'dependencies',
        failingDependencies: [
          {
            conditionalProperty: 'a',
            details: [{ operatorName: 'required', specifiedAs: { required: ['b'] }, missingProperties: ['b'] }],
          },
        ],
      },
    ],
  ],
  [
    'every one of several schemas',
    { anyOf: [{ required: ['a'], title: 'A' }, { required: ['b'] }] },
    {},
    [
      {
        operatorName: 'anyOf',
        schemasNotSatisfied: [
          {
            index: 0,
            title: 'A',
            details: [{ operatorName: 'required', specifiedAs: { required: ['a'] }, missingProperties: ['a'] }],
          },
          {
            index: 1,
            details: [{ operatorName: 'required', specifiedAs: { required: ['b'] }, missingProperties: ['b'] }],
          },
        ],
      },
    ],
  ],
  [
    'more than one schema',
    { oneOf: [{ required: ['a'] }, { required: ['b'] }, { required: ['c'] }] },
    { a: 1, c: 1 },
    [{ operatorName: 'oneOf', reason: 'more than one subschema matched', matchingSchemaIndexes: [0, 2] }],
  ],
  [
    'a schema that must not match',
    { not: { required: ['a'] } },
    { a: 1 },
    [{ operatorName: 'not', reason: 'child expression matched' }],
  ],
];

describe('the details of a document that failed validation', () => {
  it.each(CONDITIONS)('tell %s', (_name, validator, document, expected) => {
    expect(details(validator, document)).toEqual(expected);
  });

  it.each(SCHEMAS)('tell of a schema %s', (_name, $jsonSchema, document, schemaRulesNotSatisfied) => {
    expect(details({ $jsonSchema }, document)).toEqual({ operatorName: '$jsonSchema', schemaRulesNotSatisfied });
  });

  it('tell of a schema its own words, and of one that must not match that it does', () => {
    const schema = { title: 'Orders', required: ['a'] };
    expect(details({ $jsonSchema: schema }, {})).toMatchObject({ operatorName: '$jsonSchema', title: 'Orders' });
    expect(details({ $nor: [{ $jsonSchema: schema }] }, { a: 1 })).toEqual({
      operatorName: '$nor',
      clausesSatisfied: [{ index: 0, details: { operatorName: '$jsonSchema', reason: 'schema matched' } }],
    });
  });
});
