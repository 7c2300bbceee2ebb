import { failureSchema } from '../failure.ts';
import {
  billingSchema,
  jobInputSchema,
  jobProviderSchema,
  jobSchema,
  leaseSchema,
  lineageSchema,
  outputSchema,
  progressSchema,
  validationSchema,
} from '../job.ts';
import { actorSchema, creditAccountSchema, ledgerEntrySchema } from '../ledger.ts';

/** The collections that another product may have by other names. The console's own collections are never mapped. */
export const MAPPED_PARTS = ['jobs', 'accounts', 'ledger'] as const;
export type MappedPart = (typeof MAPPED_PARTS)[number];

/** What a field holds, as far as it may be written in another way elsewhere. */
export type FieldKind = 'state' | 'date' | 'credits' | 'other';

/**
 * The fields of each collection that a mapping can name, by their field at the root; those that are objects with the fields inside.
 * Lists and records (`history`, `holds`) are one field: what is inside keeps Runledger's form. `_id` is never mapped.
 */
const FIELDS: Readonly<Record<MappedPart, Readonly<Record<string, readonly string[] | null>>>> = {
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

/** Objects that are null for as long as there is nothing to say: without any of their fields they are not there. */
const NULLABLE: ReadonlySet<string> = new Set(['lease', 'progress', 'validation', 'failure', 'output', 'lineage']);

const DATES: ReadonlySet<string> = new Set([
  'notBefore',
  'createdAt',
  'updatedAt',
  'lease.expiresAt',
  'lease.heartbeatAt',
  'progress.at',
  'failure.at',
  'at',
]);

const CREDITS: ReadonlySet<string> = new Set([
  'billing.price',
  'billing.reserved',
  'billing.captured',
  'billing.refunded',
  'available',
  'held',
  'credits',
]);

/** Fields that a document may lack and still be what it should be. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'leaseToken',
  'priority',
  'history',
  'attempts',
  'provider.acceptanceId',
  'billing.blocked',
  'billing.collects',
  'billing.pricing',
  'posting',
]);

/** The fields at the root of a collection's documents, each with the fields inside it or null. */
export function rootFieldsOf(part: MappedPart): Readonly<Record<string, readonly string[] | null>> {
  return FIELDS[part];
}

/** Every path that a mapping may name: whole fields of the root, and fields inside objects. */
export function mappablePathsOf(part: MappedPart): readonly string[] {
  return Object.entries(FIELDS[part]).flatMap(([root, inside]) =>
    inside === null ? [root] : [root, ...inside.map((name) => `${root}.${name}`)],
  );
}

/** Every path that holds a value: as {@link mappablePathsOf}, without the objects. */
export function valuePathsOf(part: MappedPart): readonly string[] {
  return Object.entries(FIELDS[part]).flatMap(([root, inside]) =>
    inside === null ? [root] : inside.map((name) => `${root}.${name}`),
  );
}

/** What a path holds. */
export function kindOf(part: MappedPart, path: string): FieldKind {
  if (part === 'jobs' && path === 'state') return 'state';
  if (DATES.has(path) && (path !== 'at' || part === 'ledger')) return 'date';
  return CREDITS.has(path) ? 'credits' : 'other';
}

/** The object that a path lies in where that object may be null; null elsewhere. */
export function nullableObjectOf(part: MappedPart, path: string): string | null {
  const [root = ''] = path.split('.');
  return part === 'jobs' && root !== path && NULLABLE.has(root) ? root : null;
}

/** Whether a document without this path may still be what it should be. */
export function isOptional(part: MappedPart, path: string): boolean {
  return OPTIONAL.has(path) || nullableObjectOf(part, path) !== null;
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
