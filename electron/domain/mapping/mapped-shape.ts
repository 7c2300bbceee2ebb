import { jobStateSchema, type JobState } from '../job.ts';
import { kindOf, nullableObjectOf, rootFieldsOf, type MappedPart } from './canonical-fields.ts';
import type { FieldPair, JobMapping, ValueForm } from './job-mapping.ts';

/** A field as documents are translated by: no path of it begins another's, on either side. */
export interface MappedField {
  readonly ours: string;
  readonly theirs: string;
  readonly form: ValueForm | { readonly type: 'state' };
  /** The object of ours that it lies in and that is null without it; null where there is none. */
  readonly within: string | null;
}

/** A mapping worked out for one collection. */
export interface MappedCollection {
  readonly part: MappedPart;
  readonly name: string;
  readonly fields: readonly MappedField[];
  /** Our state's name to all of theirs, the one that is written first. */
  readonly stateNames: ReadonlyMap<string, readonly [string, ...string[]]>;
  /** Their state's name to ours. */
  readonly stateByTheirs: ReadonlyMap<string, JobState>;
}

/** Works a mapping out for one collection: an object of which a pair names a field is taken apart into all of its fields. */
export function mappedCollection(mapping: JobMapping, part: MappedPart): MappedCollection {
  const stateByTheirs = new Map(
    jobStateSchema.options.flatMap((ours) => mapping.states[ours].map((theirs) => [theirs, ours] as const)),
  );
  return {
    part,
    name: mapping.collections[part],
    fields: fieldsOf(mapping.fields[part], part),
    stateNames: new Map(Object.entries(mapping.states)),
    stateByTheirs,
  };
}

/** The fields of a collection's documents as pairs of a mapping name them. */
export function fieldsOf(pairs: readonly FieldPair[], part: MappedPart): readonly MappedField[] {
  const byOurs = new Map(pairs.map((pair) => [pair.ours, pair]));
  const field = (ours: string): MappedField => {
    const pair = byOurs.get(ours);
    const form =
      kindOf(part, ours) === 'state' ? ({ type: 'state' } as const) : (pair?.form ?? { type: 'same' as const });
    return { ours, theirs: pair?.theirs ?? ours, form, within: nullableObjectOf(part, ours) };
  };
  return Object.entries(rootFieldsOf(part)).flatMap(([root, inside]) => {
    const paths = inside?.map((name) => `${root}.${name}`) ?? [];
    return paths.some((path) => byOurs.has(path)) ? paths.map(field) : [field(root)];
  });
}
