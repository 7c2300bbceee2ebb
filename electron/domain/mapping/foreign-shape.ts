import { isFields } from '../fields.ts';
import type { MappedDocument } from './mapped-documents.ts';
import { foreignPathSchema } from './job-mapping.ts';
import { ISO_DATE } from './mapped-values.ts';

/** What kind of value stands somewhere. `iso` is a date as text that orders as the date does; `epoch` a whole number that may be a time. */
export type ForeignKind =
  'text' | 'iso' | 'whole' | 'epoch' | 'fraction' | 'date' | 'list' | 'object' | 'yes_no' | 'other';

/** What stands at a path over some documents. */
export interface ForeignField {
  readonly path: string;
  /** In how many of the documents it is neither absent nor null. */
  readonly documents: number;
  /** The kinds that were seen, the most frequent first. */
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
/** Between the years 1973 and 5138. */
const EPOCH_MS = { min: 1e11, max: 1e14 };
const DECIMALS_MAX = 6;

interface Counted {
  documents: number;
  readonly kinds: Map<ForeignKind, number>;
  readonly words: Set<string>;
  decimals: number;
}

/** The paths of some documents, through objects and not through lists; at most 500, and without the id. */
export function foreignFieldsOf(documents: readonly MappedDocument[]): readonly ForeignField[] {
  const byPath = new Map<string, Counted>();
  for (const document of documents) visit(document, '', 1, byPath);
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

function visit(fields: MappedDocument, above: string, depth: number, byPath: Map<string, Counted>): void {
  for (const [name, value] of Object.entries(fields)) {
    const path = above === '' ? name : `${above}.${name}`;
    if (value === null || value === undefined || !foreignPathSchema.safeParse(path).success) continue;
    if (!byPath.has(path) && byPath.size >= FIELDS_MAX) continue;
    count(path, value, byPath);
    if (isFields(value) && depth < DEPTH_MAX) visit(value, path, depth + 1, byPath);
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
