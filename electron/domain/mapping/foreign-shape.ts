import { isFields } from '../fields.ts';
import { safeParse } from '../safe-parse.ts';
import type { MappedDocument } from './mapped-documents.ts';
import { foreignPathSchema } from './job-mapping.ts';
import { ISO_DATE } from './mapped-values.ts';

/** What kind of value stands somewhere. `iso` is a date as text that orders as the date does; `epoch` a whole number that may be a time. */
export type ForeignKind =
  'text' | 'iso' | 'whole' | 'epoch' | 'fraction' | 'date' | 'list' | 'object' | 'yes_no' | 'other';

/** What stands at a path over some documents; `[]` in it stands for every element of a list. */
export interface ForeignField {
  readonly path: string;
  /** In how many of the documents, or of a list's elements, it is neither absent nor null. */
  readonly documents: number;
  /** The kinds that were seen, the most frequent first; none where it is always null. */
  readonly kinds: readonly ForeignKind[];
  /** The different texts, at most {@link WORDS_MAX}; null where there were more, or no texts. */
  readonly words: readonly string[] | null;
  /** The most decimals of a number. */
  readonly decimals: number;
}

/** How many different words a field of states may have. */
export const WORDS_MAX = 30;
const DEPTH_MAX = 4;
const FIELDS_MAX = 500;
/** How many elements of one list are looked at. */
const ELEMENTS_MAX = 50;
/** Between the years 1973 and 5138. */
const EPOCH_MS = { min: 1e11, max: 1e14 };
const DECIMALS_MAX = 6;

interface Counted {
  documents: number;
  readonly kinds: Map<ForeignKind, number>;
  readonly words: Set<string>;
  decimals: number;
}

/** A list that is still to be looked into. */
interface FoundList {
  readonly path: string;
  readonly depth: number;
  readonly elements: readonly unknown[];
}

/** The paths of some documents, through objects and through the elements of lists; at most 500, and without the id. */
export function foreignFieldsOf(documents: readonly MappedDocument[]): readonly ForeignField[] {
  const byPath = new Map<string, Counted>();
  const lists: FoundList[] = [];
  for (const document of documents) visit(document, '', 1, { byPath, lists });
  // Behind all of the documents, so that no list takes the room of their own fields; a list within one comes behind it.
  for (const { path, depth, elements } of lists) {
    for (const element of elements.slice(0, ELEMENTS_MAX)) {
      if (isFields(element)) visit(element, `${path}[].`, depth, { byPath, lists });
    }
  }
  return [...byPath]
    .map(([path, { documents: count, kinds, words, decimals }]) => ({
      path,
      documents: count,
      kinds: [...kinds].sort(([, one], [, other]) => other - one).map(([kind]) => kind),
      words: words.size > 0 && words.size <= WORDS_MAX ? [...words].sort() : null,
      decimals,
    }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

interface Found {
  readonly byPath: Map<string, Counted>;
  readonly lists: FoundList[];
}

/** @param above the path of what the fields lie in, empty or with what separates it from their names */
function visit(fields: MappedDocument, above: string, depth: number, found: Found): void {
  for (const [name, value] of Object.entries(fields)) {
    const path = `${above}${name}`;
    // A name that ends like a list's elements would be taken for those.
    const isPath = !name.endsWith('[]') && safeParse(foreignPathSchema, path).success;
    if (value === undefined || !isPath) continue;
    if (!found.byPath.has(path) && found.byPath.size >= FIELDS_MAX) continue;
    count(path, value, found.byPath);
    if (depth >= DEPTH_MAX) continue;
    if (isFields(value)) visit(value, `${path}.`, depth + 1, found);
    if (Array.isArray(value)) found.lists.push({ path, depth: depth + 1, elements: value });
  }
}

function count(path: string, value: unknown, byPath: Map<string, Counted>): void {
  const counted: Counted = byPath.get(path) ?? {
    documents: 0,
    kinds: new Map(),
    words: new Set<string>(),
    decimals: 0,
  };
  byPath.set(path, counted);
  if (value === null) return;
  const kind = foreignKindOf(value);
  counted.documents += 1;
  counted.kinds.set(kind, (counted.kinds.get(kind) ?? 0) + 1);
  if (typeof value === 'string' && counted.words.size <= WORDS_MAX) counted.words.add(value.slice(0, 100));
  if (typeof value === 'number') counted.decimals = Math.max(counted.decimals, decimalsOf(value));
}

function foreignKindOf(value: unknown): ForeignKind {
  if (typeof value === 'string') return ISO_DATE.test(value) ? 'iso' : 'text';
  if (typeof value === 'number' && Number.isInteger(value)) {
    return value >= EPOCH_MS.min && value <= EPOCH_MS.max ? 'epoch' : 'whole';
  }
  if (typeof value === 'number') return 'fraction';
  if (typeof value === 'boolean') return 'yes_no';
  if (value instanceof Date) return 'date';
  if (Array.isArray(value)) return 'list';
  return isFields(value) ? 'object' : 'other';
}

function decimalsOf(value: number): number {
  const found = Array.from({ length: DECIMALS_MAX + 1 }, (_, at) => at).find(
    (decimals) => Math.round(value * 10 ** decimals) / 10 ** decimals === value,
  );
  return found ?? DECIMALS_MAX;
}
