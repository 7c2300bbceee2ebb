import { isEqual } from './compare.ts';
import { keyOf, nameOf } from './field-names.ts';
import { schemaMatcher } from './json-schema.ts';
import { compiledPattern } from './regular-expressions.ts';
import { typeNameOf } from './type-operator.ts';
import { isDoc, type Doc } from './values.ts';

/**
 * What a schema says against a value, rule by rule in MongoDB's order (`json_schema_parser.cpp`), in the form of
 * `doc_validation_error.cpp`. Empty where nothing does.
 * @param value undefined for one that is missing: of it only `required` tells, where it is missing from
 */
export function schemaDetails(schema: Doc, value: unknown): readonly Doc[] {
  if (value === undefined) return [];
  return RULES.flatMap(([keyword, tell]) => {
    const operand = schema[keyword];
    if (operand === undefined || isMet(schema, keyword, value)) return [];
    return tell(operand, value, schema);
  });
}

/** A schema's own words on itself. */
export function annotationsOf({ title, description }: Doc): Doc {
  return { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) };
}

/** Keywords that say something only together with others. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  minimum: ['exclusiveMinimum'],
  maximum: ['exclusiveMaximum'],
  additionalItems: ['items'],
  additionalProperties: ['properties', 'patternProperties'],
};

function isMet(schema: Doc, keyword: string, value: unknown): boolean {
  const part: Doc = { [keyword]: schema[keyword] };
  for (const other of TOGETHER[keyword] ?? []) if (schema[other] !== undefined) part[other] = schema[other];
  // Those others are rules of their own, and met here.
  const own = keyword.startsWith('additional') ? { ...part, ...withoutRules(part) } : part;
  return schemaMatcher(own)(value as Doc);
}

/** The names and places that other keywords speak of, without what they say of them. */
function withoutRules({ properties, patternProperties, items }: Doc): Doc {
  const emptied = (rules: unknown): Doc =>
    Object.fromEntries(Object.keys(isDoc(rules) ? rules : {}).map((name) => [name, {}]));
  return {
    ...(properties === undefined ? {} : { properties: emptied(properties) }),
    ...(patternProperties === undefined ? {} : { patternProperties: emptied(patternProperties) }),
    ...(Array.isArray(items) ? { items: items.map(() => ({})) } : {}),
  };
}

type Tell = (operand: unknown, value: unknown, schema: Doc) => readonly Doc[];

/** @param more what is told beside the reason: the value that was considered, unless told otherwise */
function leaf(
  keyword: string,
  reason: string,
  more: (value: unknown) => Doc = (consideredValue) => ({ consideredValue }),
): readonly [string, Tell] {
  const exclusive = TOGETHER[keyword]?.[0];
  return [
    keyword,
    (operand, value, schema) => {
      const isExclusive = exclusive !== undefined && schema[exclusive] === true;
      const specifiedAs = { [keyword]: operand, ...(isExclusive ? { [exclusive]: true } : {}) };
      return [{ operatorName: keyword, specifiedAs, reason, ...more(value) }];
    },
  ];
}

function ofLength(keyword: string): readonly [string, Tell] {
  return leaf(keyword, 'array did not match specified length', (consideredValue) => ({
    consideredValue,
    numberOfItems: listOf(consideredValue).length,
  }));
}

function ofProperties(keyword: string): readonly [string, Tell] {
  return leaf(keyword, 'specified number of properties was not satisfied', (value) => ({
    numberOfProperties: Object.keys(isDoc(value) ? value : {}).length,
  }));
}

function typed(keyword: string): readonly [string, Tell] {
  return leaf(keyword, 'type did not match', (consideredValue) => ({
    consideredValue,
    consideredType: typeNameOf(consideredValue),
  }));
}

const uniqueItems: Tell = (operand, value) => {
  const list = listOf(value);
  const duplicatedValue = list.find((one, at) => list.slice(0, at).some((other) => isEqual(one, other)));
  return [
    {
      operatorName: 'uniqueItems',
      specifiedAs: { uniqueItems: operand },
      reason: 'found a duplicate item',
      consideredValue: value,
      duplicatedValue,
    },
  ];
};

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function schemasOf(value: unknown): readonly Doc[] {
  return listOf(value).filter(isDoc);
}

/** The first item from a place on that a schema is against. */
function itemDetails(keyword: string, what: string, schema: Doc, value: unknown, from: number): readonly Doc[] {
  const list = listOf(value);
  const itemIndex = list.findIndex((item, at) => at >= from && !schemaMatcher(schema)(item as Doc));
  const reason = `At least one ${what} did not match the sub-schema`;
  const details = schemaDetails(schema, list[itemIndex]);
  return [{ operatorName: keyword, ...annotationsOf(schema), reason, itemIndex, details }];
}

const items: Tell = (operand, value) => {
  if (isDoc(operand)) return itemDetails('items', 'item', operand, value, 0);
  const list = listOf(value);
  const details = schemasOf(operand).flatMap((schema, itemIndex) => {
    const found = schemaDetails(schema, list[itemIndex]);
    return found.length === 0 ? [] : [{ itemIndex, details: found }];
  });
  return [{ operatorName: 'items', details }];
};

const additionalItems: Tell = (operand, value, schema) => {
  const from = listOf(schema['items']).length;
  if (isDoc(operand)) return itemDetails('additionalItems', 'additional item', operand, value, from);
  return [
    {
      operatorName: 'additionalItems',
      specifiedAs: { additionalItems: false },
      reason: 'found additional items',
      additionalItems: listOf(value).slice(from),
    },
  ];
};

const properties: Tell = (operand, value) => {
  const propertiesNotSatisfied = Object.entries(isDoc(operand) ? operand : {}).flatMap(([key, schema]) => {
    const held = isDoc(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    const details = isDoc(schema) ? schemaDetails(schema, held) : [];
    if (details.length === 0 || !isDoc(schema)) return [];
    return [{ propertyName: nameOf(key), ...annotationsOf(schema), details }];
  });
  return propertiesNotSatisfied.length === 0 ? [] : [{ operatorName: 'properties', propertiesNotSatisfied }];
};

const additionalProperties: Tell = (operand, value, schema) => {
  const known = new Set(Object.keys(isDoc(schema['properties']) ? schema['properties'] : {}));
  const patterns = Object.keys(isDoc(schema['patternProperties']) ? schema['patternProperties'] : {}).map((pattern) =>
    compiledPattern(nameOf(pattern), ''),
  );
  const additional = Object.keys(isDoc(value) ? value : {}).filter(
    (key) => !known.has(key) && !patterns.some((pattern) => pattern.test(nameOf(key))),
  );
  if (!isDoc(operand))
    return [
      {
        operatorName: 'additionalProperties',
        specifiedAs: { additionalProperties: false },
        additionalProperties: additional.map(nameOf),
      },
    ];
  const held = (key: string): unknown => (isDoc(value) ? value[key] : undefined);
  const failing = additional.find((key) => !schemaMatcher(operand)(held(key) as Doc)) ?? '';
  return [
    {
      operatorName: 'additionalProperties',
      ...annotationsOf(operand),
      reason: 'at least one additional property did not match the subschema',
      failingProperty: nameOf(failing),
      details: schemaDetails(operand, held(failing)),
    },
  ];
};

const patternProperties: Tell = (operand, value) => {
  const details = Object.entries(isDoc(operand) ? operand : {}).flatMap(([pattern, schema]) => {
    const expression = compiledPattern(nameOf(pattern), '');
    const failing = Object.entries(isDoc(value) ? value : {}).find(
      ([key, held]) => expression.test(nameOf(key)) && isDoc(schema) && !schemaMatcher(schema)(held as Doc),
    );
    if (failing === undefined || !isDoc(schema)) return [];
    const [key, held] = failing;
    return [
      {
        propertyName: nameOf(key),
        ...annotationsOf(schema),
        regexMatched: nameOf(pattern),
        details: schemaDetails(schema, held),
      },
    ];
  });
  return [{ operatorName: 'patternProperties', details }];
};

function missingOf(names: unknown, value: unknown): readonly string[] {
  const texts = listOf(names).filter((name) => typeof name === 'string');
  return texts.filter((name) => !isDoc(value) || !Object.hasOwn(value, keyOf(name)));
}

const required: Tell = (operand, value) => [
  {
    operatorName: 'required',
    specifiedAs: { required: operand },
    missingProperties: missingOf(operand, value).toSorted((left, right) =>
      Buffer.compare(Buffer.from(left), Buffer.from(right)),
    ),
  },
];

const dependencies: Tell = (operand, value) => {
  const failingDependencies = Object.entries(isDoc(operand) ? operand : {}).flatMap(([key, needs]): readonly Doc[] => {
    if (!isDoc(value) || !Object.hasOwn(value, key)) return [];
    const conditionalProperty = nameOf(key);
    if (isDoc(needs)) {
      const details = schemaDetails(needs, value);
      return details.length === 0 ? [] : [{ conditionalProperty, details }];
    }
    const missingProperties = missingOf(needs, value);
    return missingProperties.length === 0 ? [] : [{ conditionalProperty, missingProperties }];
  });
  return [{ operatorName: 'dependencies', ...(isDoc(operand) ? annotationsOf(operand) : {}), failingDependencies }];
};

/** Those of several schemas that are against a value. */
function notSatisfied(operand: unknown, value: unknown): readonly Doc[] {
  return schemasOf(operand).flatMap((schema, index) => {
    const details = schemaDetails(schema, value);
    return details.length === 0 ? [] : [{ index, ...annotationsOf(schema), details }];
  });
}

function several(keyword: string): readonly [string, Tell] {
  return [keyword, (operand, value) => [{ operatorName: keyword, schemasNotSatisfied: notSatisfied(operand, value) }]];
}

const oneOf: Tell = (operand, value) => {
  const matchingSchemaIndexes = schemasOf(operand).flatMap((schema, at) =>
    schemaMatcher(schema)(value as Doc) ? [at] : [],
  );
  if (matchingSchemaIndexes.length === 0)
    return [{ operatorName: 'oneOf', schemasNotSatisfied: notSatisfied(operand, value) }];
  return [{ operatorName: 'oneOf', reason: 'more than one subschema matched', matchingSchemaIndexes }];
};

/** In the order in which MongoDB tells of them. */
const RULES: readonly (readonly [keyword: string, tell: Tell])[] = [
  leaf('pattern', 'regular expression did not match'),
  leaf('maxLength', 'specified string length was not satisfied'),
  leaf('minLength', 'specified string length was not satisfied'),
  leaf('multipleOf', 'considered value is not a multiple of the specified value'),
  leaf('maximum', 'comparison failed'),
  leaf('minimum', 'comparison failed'),
  ofLength('minItems'),
  ofLength('maxItems'),
  ['uniqueItems', uniqueItems],
  ['items', items],
  ['additionalItems', additionalItems],
  ['properties', properties],
  ['additionalProperties', additionalProperties],
  ['patternProperties', patternProperties],
  ['required', required],
  ofProperties('minProperties'),
  ofProperties('maxProperties'),
  ['dependencies', dependencies],
  several('allOf'),
  several('anyOf'),
  ['oneOf', oneOf],
  ['not', () => [{ operatorName: 'not', reason: 'child expression matched' }]],
  leaf('enum', 'value was not found in enum'),
  typed('type'),
  typed('bsonType'),
];

/** True for a schema that lets in no document at all, because it is of another type. */
export function isOfNoDocument({ type, bsonType }: Doc): boolean {
  const wanted = type ?? bsonType;
  if (wanted === undefined) return false;
  return !(Array.isArray(wanted) ? wanted : [wanted]).includes('object');
}
