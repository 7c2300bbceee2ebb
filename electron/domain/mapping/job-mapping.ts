import { z } from 'zod';
import { jobStateSchema } from '../job.ts';
import { READS, WRITES_OF } from '../privileges.ts';
import { safeParse } from '../safe-parse.ts';
import {
  kindOf,
  MAPPED_PARTS,
  mappablePathsOf,
  splitPath,
  type FieldKind,
  type MappedPart,
} from './canonical-fields.ts';
import { mappedCollection, placeOf, type MappedField } from './mapped-shape.ts';

/** A field's path as MongoDB writes it with dots; names that would mean something else to a server are none. */
export const foreignPathSchema = z
  .string()
  .max(200)
  .regex(
    /^(?!.*(?:^|\.)(?:__proto__|_id)(?:\.|$))(?!__rl_)[^.$\0\s][^.$\0]*(?:\.[^.$\0\s][^.$\0]*){0,7}$/,
    'a path such as owner.team_id, without dollar signs and not the _id',
  );

/** How a value is written elsewhere. A value that is not written in exactly this way makes its document malformed. */
const valueFormSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('same') }),
  /** A date as text, exactly as `2026-11-28T09:30:00.000Z`: only then does its order as text equal that in time. */
  z.object({ type: z.literal('date_iso') }),
  /** A date as whole milliseconds since 1970. */
  z.object({ type: z.literal('date_epoch_ms') }),
  /** Credits in a unit that is 10 to the power of `decimals` smallest units. */
  z.object({ type: z.literal('credits_whole'), decimals: z.int().min(1).max(6) }),
  /** A state by the mapping's words. A job's own state always is; in a list only where a pair says so, Runledger's names elsewhere. */
  z.object({ type: z.literal('state') }),
]);
export type ValueForm = z.infer<typeof valueFormSchema>;

/**
 * One field that has another name or another form elsewhere. A field of a list's elements is written `attempts[].startedAt`, and its
 * path there begins with where that list stands: `tries[].begun_at`.
 */
const fieldPairSchema = z.object({
  ours: z.string().max(100),
  theirs: foreignPathSchema,
  form: valueFormSchema,
});
export type FieldPair = z.infer<typeof fieldPairSchema>;

const collectionNameSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^(?!system\.)[^$\0]+$/, 'the name of a collection');

/** What each collection is called. */
export const mappedCollectionsSchema = z.object({
  jobs: collectionNameSchema,
  accounts: collectionNameSchema,
  ledger: collectionNameSchema,
});

const pairsSchema = z.array(fieldPairSchema).max(200);
const stateNameSchema = z.string().min(1).max(100);
const stateNamesSchema = z.tuple([stateNameSchema]).rest(stateNameSchema);
/** How many names one state may have. */
const STATE_NAMES_MAX = 20;

/**
 * What a product's collections are called, and how its documents stand for jobs, accounts and ledger entries. A field that no
 * pair names has the same path and form on both sides.
 */
export const jobMappingSchema = z
  .object({
    collections: mappedCollectionsSchema,
    fields: z.object({ jobs: pairsSchema, accounts: pairsSchema, ledger: pairsSchema }),
    /** What each state is called; the first name is what is written, all of them are read. */
    states: z.record(jobStateSchema, stateNamesSchema),
  })
  .superRefine((mapping, context) => {
    for (const problem of problemsOf(mapping)) {
      context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message });
    }
  });
export type JobMapping = z.infer<typeof jobMappingSchema>;

/** The mapping of a database that is Runledger's own. */
export const NO_MAPPING: JobMapping = {
  collections: { jobs: 'jobs', accounts: 'credit_accounts', ledger: 'credit_ledger' },
  fields: { jobs: [], accounts: [], ledger: [] },
  states: {
    queued: ['queued'],
    running: ['running'],
    validating: ['validating'],
    completed: ['completed'],
    failed: ['failed'],
    retrying: ['retrying'],
  },
};

/** What the console keeps beside jobs, accounts and ledger; those names cannot stand for anything else. */
const OWN_COLLECTIONS: ReadonlySet<string> = new Set(
  [
    'console_audit',
    'failure_groups',
    ...[...READS, ...Object.values(WRITES_OF).flat()].map(({ collection }) => collection),
  ].filter((name) => !Object.values(NO_MAPPING.collections).includes(name)),
);

interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function problemsOf(mapping: JobMapping): readonly Problem[] {
  const names = Object.values(mapping.collections);
  const reserved = names.find((name) => OWN_COLLECTIONS.has(name));
  const states = jobStateSchema.options.flatMap((state) => mapping.states[state]);
  const twice = states.find((name, at) => states.indexOf(name) !== at);
  return [
    ...(new Set(names).size < names.length
      ? [{ path: ['collections'], message: 'two collections have the same name' }]
      : []),
    ...(reserved === undefined
      ? []
      : [{ path: ['collections'], message: `${reserved} is a collection of the console's own` }]),
    ...(jobStateSchema.options.some((state) => mapping.states[state].length > STATE_NAMES_MAX)
      ? [{ path: ['states'], message: `at most ${STATE_NAMES_MAX} names for one state` }]
      : []),
    ...(twice === undefined ? [] : [{ path: ['states'], message: `"${twice}" is named for two states` }]),
    ...MAPPED_PARTS.flatMap((part) => problemsOfPart(mapping, part)),
  ];
}

function problemsOfPart(mapping: JobMapping, part: MappedPart): readonly Problem[] {
  const pairs = mapping.fields[part];
  const known = new Set(mappablePathsOf(part));
  const path = ['fields', part];
  const problems: Problem[] = [];
  for (const [at, { ours, form }] of pairs.entries()) {
    if (!known.has(ours)) problems.push({ path: [...path, at], message: `${ours} is no field of ${part}` });
    else if (!isFitting(form, kindOf(part, ours))) {
      problems.push({ path: [...path, at], message: `${ours} cannot be written as ${form.type}` });
    }
  }
  const collision = firstCollision(pairs.map((pair) => pair.ours));
  if (collision !== null) problems.push({ path, message: `${collision} is named twice, or within another` });
  if (problems.length > 0) return problems;
  const misplaced = misplacedOf(pairs);
  if (misplaced !== null) return [{ path, message: misplaced }];
  const theirs = collisionWithin(mappedCollection(mapping, part).fields);
  return theirs === null
    ? []
    : [{ path, message: `${theirs} stands for two fields: name another path for the one that is not meant` }];
}

function isFitting({ type }: ValueForm, kind: FieldKind): boolean {
  switch (type) {
    case 'same':
      return true;
    case 'state':
      return kind === 'state';
    case 'credits_whole':
      return kind === 'credits';
    case 'date_iso':
    case 'date_epoch_ms':
      return kind === 'date';
  }
}

/** The first field of elements that is looked for outside of its list, or under what is no name in an element; null where there is none. */
function misplacedOf(pairs: readonly FieldPair[]): string | null {
  for (const { ours, theirs } of pairs) {
    const { list } = splitPath(ours);
    if (list === null) continue;
    const place = `${placeOf(pairs, list)}[].`;
    if (!theirs.startsWith(place)) return `${theirs} does not begin with ${place} where ${list} stands`;
    if (!safeParse(foreignPathSchema, theirs.slice(place.length)).success) return `${theirs} is no path in ${place}`;
  }
  return null;
}

function collisionWithin(fields: readonly MappedField[]): string | null {
  const here = firstCollision(fields.map(({ theirs }) => theirs));
  return fields.reduce<string | null>(
    (found, { elements }) => found ?? (elements === null ? null : collisionWithin(elements.fields)),
    here,
  );
}

/** The first path that is there twice or begins another; null where there is none. */
function firstCollision(paths: readonly string[]): string | null {
  const sorted = [...paths].sort();
  const seen = new Set<string>();
  for (const path of sorted) {
    const steps = path.split('.');
    if (steps.some((_, at) => seen.has(steps.slice(0, at + 1).join('.')))) return path;
    seen.add(path);
  }
  return null;
}
