import fc from 'fast-check';
import { kindOf, mappablePathsOf, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import { jobMappingSchema, type FieldPair, type JobMapping, type ValueForm } from '#domain/mapping/job-mapping.ts';

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

function pairsOf(part: MappedPart): fc.Arbitrary<readonly FieldPair[]> {
  return fc.uniqueArray(
    fc.constantFrom(...mappablePathsOf(part)).chain((ours) => pairOf(part, ours)),
    {
      maxLength: 8,
      selector: (pair) => pair.ours,
    },
  );
}

function pairOf(part: MappedPart, ours: string): fc.Arbitrary<FieldPair> {
  const theirs = fc.oneof({ weight: 4, arbitrary: foreignPath }, { weight: 1, arbitrary: fc.constant(ours) });
  return fc.record({ ours: fc.constant(ours), theirs, form: fc.constantFrom(...formsOf(part, ours)) });
}

function formsOf(part: MappedPart, ours: string): readonly ValueForm[] {
  const kind = kindOf(part, ours);
  if (kind === 'date') return [{ type: 'same' }, { type: 'date_iso' }, { type: 'date_epoch_ms' }];
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
  .letrec<{ value: unknown; fields: Record<string, unknown> }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, { weight: 3, arbitrary: leaf }, tie('fields'), fc.array(leaf, { maxLength: 2 })),
    fields: fc.dictionary(fc.constantFrom(...NAMES, 'unknown', 'token', 'owner'), tie('value'), {
      maxKeys: 8,
      noNullPrototype: true,
    }),
  }))
  .fields.map((fields) => ({ _id: 'foreign-1', ...fields }));
