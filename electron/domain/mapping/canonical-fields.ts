import { failureSchema } from '../failure.ts';
import {
  attemptSchema,
  billingSchema,
  historyEntrySchema,
  jobInputSchema,
  jobProviderSchema,
  jobSchema,
  leaseSchema,
  lineageSchema,
  outputSchema,
  progressSchema,
  validationCheckSchema,
  validationSchema,
} from '../job.ts';
import { actorSchema, creditAccountSchema, ledgerEntrySchema, pendingEntrySchema } from '../ledger.ts';

/** The collections that another product may have by other names. The console's own collections are never mapped. */
export const MAPPED_PARTS = ['jobs', 'accounts', 'ledger'] as const;
export type MappedPart = (typeof MAPPED_PARTS)[number];

/** What a field holds, as far as it may be written in another way elsewhere. */
export type FieldKind = 'state' | 'date' | 'credits' | 'other';

/** Fields at the root of a document or of a list's element; those that are objects with the fields inside, others with null. */
export type RootFields = Readonly<Record<string, readonly string[] | null>>;

/**
 * The fields of each collection that a mapping can name. Records (`holds`) are one field: what is inside keeps Runledger's form.
 * `_id` is never mapped.
 */
const FIELDS: Readonly<Record<MappedPart, RootFields>> = {
  jobs: {
    ...plain(jobSchema.options[0].shape),
    input: namesOf(jobInputSchema.shape),
    provider: namesOf(jobProviderSchema.shape),
    lease: namesOf(leaseSchema.shape),
    progress: namesOf(progressSchema.shape),
    validation: namesOf(validationSchema.shape),
    billing: namesOf(billingSchema.shape),
    failure: namesOf(failureSchema.shape),
    output: namesOf(outputSchema.shape),
    lineage: namesOf(lineageSchema.shape),
  },
  accounts: plain(creditAccountSchema.shape),
  ledger: { ...plain(ledgerEntrySchema.shape), actor: namesOf(actorSchema.shape) },
};

/** A list whose elements have fields that a mapping can name. */
interface CanonicalList {
  readonly fields: RootFields;
  /** The field that tells an element from the others of its list; null where all of its fields together do. */
  readonly key: string | null;
}

const CHECKS: CanonicalList = { fields: plain(validationCheckSchema.shape), key: null };

/** Each list by its path, in which `[]` stands for every element of a list around it; a list comes after those that it lies in. */
const LISTS: Readonly<Record<MappedPart, Readonly<Record<string, CanonicalList>>>> = {
  jobs: {
    history: { fields: { ...plain(historyEntrySchema.shape), actor: namesOf(actorSchema.shape) }, key: 'seq' },
    attempts: {
      fields: {
        ...plain(attemptSchema.shape),
        failure: namesOf(failureSchema.shape),
        validation: namesOf(validationSchema.shape),
      },
      key: 'n',
    },
    'attempts[].validation.checks': CHECKS,
    'validation.checks': CHECKS,
    'billing.pending': {
      fields: { ...plain(pendingEntrySchema.shape), actor: namesOf(actorSchema.shape) },
      key: 'key',
    },
  },
  accounts: {},
  ledger: {},
};

/** Objects that are null for as long as there is nothing to say: without any of their fields they are not there. */
const NULLABLE: ReadonlySet<string> = new Set([
  'lease',
  'progress',
  'validation',
  'failure',
  'output',
  'lineage',
  'attempts[].failure',
  'attempts[].validation',
]);

const DATES: ReadonlySet<string> = new Set([
  'notBefore',
  'createdAt',
  'updatedAt',
  'lease.expiresAt',
  'lease.heartbeatAt',
  'progress.at',
  'failure.at',
  'at',
  'history[].at',
  'attempts[].startedAt',
  'attempts[].endedAt',
  'attempts[].failure.at',
  'billing.pending[].at',
]);

const CREDITS: ReadonlySet<string> = new Set([
  'billing.price',
  'billing.reserved',
  'billing.captured',
  'billing.refunded',
  'available',
  'held',
  'credits',
  'billing.pending[].credits',
]);

const STATES: ReadonlySet<string> = new Set(['state', 'history[].from', 'history[].to']);

/** Fields that a document or an element may say nothing of, or null, and still be what it should be. */
const OPTIONAL: Readonly<Record<MappedPart, ReadonlySet<string>>> = {
  jobs: new Set([
    'leaseToken',
    'priority',
    'history',
    'attempts',
    'provider.acceptanceId',
    'billing.blocked',
    'billing.collects',
    'billing.pricing',
    'history[].from',
    'history[].policyVersion',
    'attempts[].endedAt',
    'attempts[].acceptanceId',
    'attempts[].providerCost',
  ]),
  accounts: new Set(['posting']),
  // A grant or an adjustment is of no job.
  ledger: new Set(['jobId', 'generationId', 'attempt']),
};

/** The fields at the root of a collection's documents, or of the elements of one of their lists. */
export function rootFieldsOf(part: MappedPart, list: string | null = null): RootFields {
  return list === null ? FIELDS[part] : listOf(part, list).fields;
}

/** The paths of the lists whose elements a mapping can name fields of; one comes after those that it lies in. */
export function listPathsOf(part: MappedPart): readonly string[] {
  return Object.keys(LISTS[part]);
}

/** The field by which an element of a list is known again; null where it is known by all of its fields. */
export function elementKeyOf(part: MappedPart, list: string): string | null {
  return listOf(part, list).key;
}

function listOf(part: MappedPart, list: string): CanonicalList {
  const found = LISTS[part][list];
  if (found === undefined) throw new Error(`${part} has no list ${list}`);
  return found;
}

/** The innermost list that a path goes through, null where it goes through none, and the path within a document or an element. */
export function splitPath(path: string): { readonly list: string | null; readonly inside: string } {
  const at = path.lastIndexOf('[].');
  return at < 0 ? { list: null, inside: path } : { list: path.slice(0, at), inside: path.slice(at + 3) };
}

/** Every path that a mapping may name: whole fields, fields inside objects, and those of the elements of lists. */
export function mappablePathsOf(part: MappedPart): readonly string[] {
  return eachShapeOf(part, (root, inside) =>
    inside === null ? [root] : [root, ...inside.map((name) => `${root}.${name}`)],
  );
}

/** Every path that holds a value: as {@link mappablePathsOf}, without the objects. */
export function valuePathsOf(part: MappedPart): readonly string[] {
  return eachShapeOf(part, (root, inside) => (inside === null ? [root] : inside.map((name) => `${root}.${name}`)));
}

function eachShapeOf(
  part: MappedPart,
  pathsOf: (root: string, inside: readonly string[] | null) => readonly string[],
): readonly string[] {
  const paths = (fields: RootFields): readonly string[] =>
    Object.entries(fields).flatMap(([root, inside]) => pathsOf(root, inside));
  const elements = Object.entries(LISTS[part]).flatMap(([list, { fields }]) =>
    paths(fields).map((path) => `${list}[].${path}`),
  );
  return [...paths(FIELDS[part]), ...elements];
}

/** What a path holds. */
export function kindOf(part: MappedPart, path: string): FieldKind {
  if (part === 'jobs' && STATES.has(path)) return 'state';
  if (DATES.has(path) && (path !== 'at' || part === 'ledger')) return 'date';
  return CREDITS.has(path) ? 'credits' : 'other';
}

/** The object that a path lies in where that object may be null, named within the document or element; null elsewhere. */
export function nullableObjectOf(part: MappedPart, path: string): string | null {
  const { list, inside } = splitPath(path);
  const [root = ''] = inside.split('.');
  const whole = list === null ? root : `${list}[].${root}`;
  return part === 'jobs' && root !== inside && NULLABLE.has(whole) ? root : null;
}

/** Whether a document or an element that says nothing of this path, or null, may still be what it should be. */
export function isOptional(part: MappedPart, path: string): boolean {
  return OPTIONAL[part].has(path) || nullableObjectOf(part, path) !== null;
}

function namesOf(shape: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(shape);
}

function plain(shape: Readonly<Record<string, unknown>>): Readonly<Record<string, null>> {
  return Object.fromEntries(
    Object.keys(shape)
      .filter((name) => name !== '_id')
      .map((name) => [name, null]),
  );
}
