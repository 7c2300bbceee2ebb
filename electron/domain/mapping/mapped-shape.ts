import { jobStateSchema, type JobState } from '../job.ts';
import {
  elementKeyOf,
  listPathsOf,
  nullableObjectOf,
  rootFieldsOf,
  splitPath,
  type MappedPart,
} from './canonical-fields.ts';
import type { FieldPair, JobMapping, ValueForm } from './job-mapping.ts';

/** A field as documents are translated by: no path of it begins another's, on either side. */
export interface MappedField {
  readonly ours: string;
  readonly theirs: string;
  readonly form: ValueForm;
  /** The object of ours that it lies in and that is null without it; null where there is none. */
  readonly within: string | null;
  /** What each element of this list is translated by; null where the elements are the same on both sides, or it is no list. */
  readonly elements: MappedElements | null;
}

/** How documents, or the elements of a list, are translated. */
export interface MappedShape {
  /** What it is called in a sentence about it. */
  readonly name: string;
  /** The fields of ours at the root: elsewhere they mean nothing. */
  readonly known: ReadonlySet<string>;
  readonly fields: readonly MappedField[];
  /** Our state's name to all of theirs, the one that is written first. */
  readonly stateNames: ReadonlyMap<string, readonly [string, ...string[]]>;
  /** Their state's name to ours. */
  readonly stateByTheirs: ReadonlyMap<string, JobState>;
}

/** How the elements of one list are translated; their paths begin in the element. */
export interface MappedElements extends MappedShape {
  /** The field of ours that an element is known again by; null where it is known by all of its fields. */
  readonly key: string | null;
}

/** A mapping worked out for one collection. */
export interface MappedCollection extends MappedShape {
  readonly part: MappedPart;
}

/**
 * Works a mapping out for one collection: an object of which a pair names a field is taken apart into all of its fields, and a list of
 * whose elements a pair names a field into its elements.
 */
export function mappedCollection(mapping: JobMapping, part: MappedPart): MappedCollection {
  const stateByTheirs = new Map(
    jobStateSchema.options.flatMap((ours) => mapping.states[ours].map((theirs) => [theirs, ours] as const)),
  );
  const names = { stateNames: new Map(Object.entries(mapping.states)), stateByTheirs };
  const pairs = mapping.fields[part];
  const lists = new Set(listPathsOf(part));
  const byOurs = new Map(pairs.map((pair) => [pair.ours, pair]));
  const isInside = (path: string): boolean => pairs.some(({ ours }) => ours.startsWith(`${path}[].`));
  const name = mapping.collections[part];

  const shapeOf = (list: string | null): MappedShape => {
    const roots = rootFieldsOf(part, list);
    const above = list === null ? '' : `${list}[].`;
    const placeAbove = list === null ? '' : `${placeOf(pairs, list)}[].`;
    const fieldOf = (inside: string): MappedField => {
      const ours = `${above}${inside}`;
      return {
        ours: inside,
        theirs: placeOf(pairs, ours).slice(placeAbove.length),
        // The state that guards and claims ask for has no other names than the mapping's.
        form: part === 'jobs' && ours === 'state' ? { type: 'state' } : (byOurs.get(ours)?.form ?? { type: 'same' }),
        within: nullableObjectOf(part, ours),
        elements: lists.has(ours) && isInside(ours) ? { ...shapeOf(ours), key: elementKeyOf(part, ours) } : null,
      };
    };
    const fields = Object.entries(roots).flatMap(([root, inside]) => {
      const paths = inside?.map((field) => `${root}.${field}`) ?? [];
      const isApart = paths.some((path) => byOurs.has(`${above}${path}`) || isInside(`${above}${path}`));
      return (isApart ? paths : [root]).map(fieldOf);
    });
    return {
      name: `${name}${list === null ? '' : `, ${list}[]`}`,
      known: new Set(Object.keys(roots)),
      fields,
      ...names,
    };
  };
  return { ...shapeOf(null), part };
}

/**
 * Where a field of ours stands there, as a pair names it; without a pair it has its own name, in the place of the list that it lies in.
 */
export function placeOf(pairs: readonly FieldPair[], ours: string): string {
  const pair = pairs.find((each) => each.ours === ours);
  if (pair !== undefined) return pair.theirs;
  const { list, inside } = splitPath(ours);
  return list === null ? ours : `${placeOf(pairs, list)}[].${inside}`;
}
