import fc from 'fast-check';
import { isFields } from '#domain/fields.ts';
import { kindOf, mappablePathsOf, splitPath, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import { jobMappingSchema, type FieldPair, type JobMapping, type ValueForm } from '#domain/mapping/job-mapping.ts';
import { placeOf, type MappedShape } from '#domain/mapping/mapped-shape.ts';

const STATES = ['queued', 'running', 'validating', 'completed', 'failed', 'retrying'] as const;
const WORDS = [
  'queued',
  'running',
  'failed',
  'waiting',
  'active',
  'checking',
  'done',
  'dead',
  'again',
  'won',
  'gone',
  'ok',
];
/** Names of ours are among them, so that fields change places. */
const NAMES = [
  'kind',
  'state',
  'lease',
  'billing',
  'input',
  'price',
  'at',
  'team',
  'meta',
  'status',
  'a',
  'b',
  'c',
  'd',
];
/** Names of lists and of fields that their elements have. */
const LIST_NAMES = ['history', 'attempts', 'validation', 'checks', 'seq', 'n', 'to', 'startedAt'];
const foreignPath = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((names) => names.join('.'));

/** A mapping as somebody could save it, and nothing that the schema refuses. */
export const mappingArbitrary: fc.Arbitrary<JobMapping> = fc
  .record({
    jobs: pairsOf('jobs'),
    accounts: pairsOf('accounts'),
    ledger: pairsOf('ledger'),
    words: fc.shuffledSubarray(WORDS, { minLength: 6 }),
    shared: fc.nat(5),
  })
  .map(({ jobs, accounts, ledger, words, shared }) => ({
    collections: { jobs: 'tasks', accounts: 'wallets', ledger: 'transactions' },
    fields: { jobs, accounts, ledger },
    states: Object.fromEntries(
      STATES.map((state, at) => [state, [words[at], ...(at === shared ? words.slice(6) : [])]]),
    ),
  }))
  .filter((mapping) => jobMappingSchema.safeParse(mapping).success)
  .map((mapping) => jobMappingSchema.parse(mapping));

/** Half of the pairs of jobs are about elements of lists, because every job that changes has some. */
function pairsOf(part: MappedPart): fc.Arbitrary<readonly FieldPair[]> {
  const [fields, elements] = [false, true].map((isElement) =>
    mappablePathsOf(part).filter((path) => (splitPath(path).list !== null) === isElement),
  );
  const some = (paths: readonly string[] | undefined): fc.Arbitrary<readonly FieldPair[]> =>
    paths === undefined || paths.length === 0
      ? fc.constant([])
      : fc.uniqueArray(
          fc.constantFrom(...paths).chain((ours) => pairOf(part, ours)),
          { maxLength: 8, selector: (pair) => pair.ours },
        );
  return fc.tuple(some(fields), some(elements)).map((pairs) => placed(pairs.flat()));
}

/** The pairs with the paths of elements put where their lists stand; a list comes before those inside of it. */
function placed(pairs: readonly FieldPair[]): readonly FieldPair[] {
  const byDepth = [...pairs].sort((one, other) => one.ours.split('[]').length - other.ours.split('[]').length);
  return byDepth.reduce<readonly FieldPair[]>((done, pair) => {
    const { list } = splitPath(pair.ours);
    return [...done, list === null ? pair : { ...pair, theirs: `${placeOf(done, list)}[].${pair.theirs}` }];
  }, []);
}

function pairOf(part: MappedPart, ours: string): fc.Arbitrary<FieldPair> {
  const own = fc.constant(splitPath(ours).inside);
  const theirs = fc.oneof({ weight: 4, arbitrary: foreignPath }, { weight: 1, arbitrary: own });
  return fc.record({ ours: fc.constant(ours), theirs, form: fc.constantFrom(...formsOf(part, ours)) });
}

function formsOf(part: MappedPart, ours: string): readonly ValueForm[] {
  const kind = kindOf(part, ours);
  if (kind === 'date') return [{ type: 'same' }, { type: 'date_iso' }, { type: 'date_epoch_ms' }];
  if (kind === 'state' && ours !== 'state') return [{ type: 'same' }, { type: 'state' }];
  if (kind === 'credits') return [{ type: 'same' }, { type: 'credits_whole', decimals: 2 }];
  return [{ type: 'same' }];
}

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constant(null),
  fc.integer({ min: -5, max: 2_000_000_000 }),
  fc.constantFrom(1.25, 0.1, 1.2345, '2026-11-28T09:30:00.000Z', '2026-11-28', new Date(0), true),
);

/** Any document at all, with names that a mapping may mean. */
export const foreignDocument: fc.Arbitrary<Record<string, unknown>> = fc
  .letrec<{ value: unknown; fields: Record<string, unknown>; elements: unknown[] }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      { weight: 3, arbitrary: leaf },
      tie('fields'),
      fc.array(leaf, { maxLength: 2 }),
      tie('elements'),
    ),
    elements: fc.array(fc.oneof({ weight: 4, arbitrary: tie('fields') }, leaf), { maxLength: 3 }),
    fields: fc.dictionary(fc.constantFrom(...NAMES, ...LIST_NAMES, 'unknown', 'token', 'owner'), tie('value'), {
      maxKeys: 8,
      noNullPrototype: true,
    }),
  }))
  .fields.map((fields) => ({ _id: 'foreign-1', ...fields }));

/** A document of theirs with a field that nobody knows in every element that the mapping takes apart, in lists within lists too. */
export function withUnknownElementFields(
  shape: MappedShape,
  theirs: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return shape.fields.reduce<Record<string, unknown>>(
    (document, { theirs: path, elements }) =>
      elements === null
        ? document
        : replacedAt(document, path.split('.'), (list) =>
            Array.isArray(list)
              ? list.map((element: unknown, at) => ({
                  ...withUnknownElementFields(elements, element as Record<string, unknown>),
                  nobodys: { at, text: '$price' },
                }))
              : list,
          ),
    { ...theirs },
  );
}

function replacedAt(
  document: Readonly<Record<string, unknown>>,
  [name = '', ...more]: readonly string[],
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  const value = document[name];
  if (more.length === 0) return value === undefined ? { ...document } : { ...document, [name]: change(value) };
  return isFields(value) ? { ...document, [name]: replacedAt(value, more, change) } : { ...document };
}

/** How many elements have the field that {@link withUnknownElementFields} gives. */
export function unknownElementFieldsOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + unknownElementFieldsOf(one), 0);
  if (!isFields(value)) return 0;
  const inside = Object.values(value).reduce<number>((sum, one) => sum + unknownElementFieldsOf(one), 0);
  return inside + (Object.hasOwn(value, 'nobodys') ? 1 : 0);
}
