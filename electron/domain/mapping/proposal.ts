import { CREDIT_SCALE } from '../credits.ts';
import { jobStateSchema, type JobState } from '../job.ts';
import { safeParse } from '../safe-parse.ts';
import {
  isOptional,
  kindOf,
  listPathsOf,
  MAPPED_PARTS,
  splitPath,
  valuePathsOf,
  type MappedPart,
} from './canonical-fields.ts';
import { foreignFieldsOf, type ForeignField, type ForeignKind } from './foreign-shape.ts';
import { jobMappingSchema, NO_MAPPING, type FieldPair, type JobMapping, type ValueForm } from './job-mapping.ts';
import type { MappedDocument } from './mapped-documents.ts';
import { placeOf } from './mapped-shape.ts';
import { COLLECTION_WORDS, FIELD_WORDS, STATE_WORDS } from './proposal-words.ts';

/** Documents of each of their collections; those of a collection that there is none of are empty. */
export type MappingSamples = Readonly<Record<MappedPart, readonly MappedDocument[]>>;

/** A pair below this is a guess and not proposed. */
const SCORE_MIN = 0.55;

/** Which of a database's collections may stand for jobs, accounts and ledger; where none may, the name is Runledger's own. */
export function proposeCollections(names: readonly string[]): JobMapping['collections'] {
  const taken = new Set<string>();
  const choose = (part: MappedPart): string => {
    const own = NO_MAPPING.collections[part];
    const scored = [own, ...names.filter((name) => name !== own)]
      .filter((name) => names.includes(name) && !taken.has(name))
      .map((name) => ({ name, score: name === own ? 2 : wordScore(wordsOf(name), COLLECTION_WORDS[part]) }))
      .sort((one, other) => other.score - one.score);
    const [best] = scored;
    const chosen = best !== undefined && best.score > 0 ? best.name : own;
    taken.add(chosen);
    return chosen;
  };
  // A ledger is often called something with credits too; it is looked for before the accounts.
  const jobs = choose('jobs');
  const ledger = choose('ledger');
  return { jobs, accounts: choose('accounts'), ledger };
}

/**
 * Proposes what documents stand for, by names, kinds of values, and the words of a field of states. A field that has its own name and
 * a fitting value needs no pair. The proposal is a mapping that can be saved, whatever it was made of.
 */
export function proposeMapping(collections: JobMapping['collections'], samples: MappingSamples): JobMapping {
  const shapes = new Map(MAPPED_PARTS.map((part) => [part, foreignFieldsOf(samples[part])]));
  const pairs = (part: MappedPart): readonly FieldPair[] => proposePairs(part, shapes.get(part) ?? []);
  const fields = inOneUnit({ jobs: pairs('jobs'), accounts: pairs('accounts'), ledger: pairs('ledger') }, shapes);
  const words = stateWordsOf(fields.jobs, shapes.get('jobs') ?? []);
  const mapping = { collections, fields, states: proposeStates(words) };
  const parsed = safeParse(jobMappingSchema, mapping);
  return parsed.success ? parsed.data : withoutCollisions({ ...mapping, fields });
}

/** Pairs one after another, the surest first: one that the schema refuses beside those before it is left out. */
function withoutCollisions(mapping: {
  readonly collections: JobMapping['collections'];
  readonly fields: Readonly<Record<MappedPart, readonly FieldPair[]>>;
  readonly states: JobMapping['states'];
}): JobMapping {
  const attempt = (fields: JobMapping['fields']): JobMapping | null =>
    safeParse(jobMappingSchema, { ...mapping, fields }).data ?? null;
  let kept: JobMapping = attempt(NO_MAPPING.fields) ?? { ...NO_MAPPING, states: mapping.states };
  for (const part of MAPPED_PARTS) {
    for (const pair of mapping.fields[part]) {
      kept = attempt({ ...kept.fields, [part]: [...kept.fields[part], pair] }) ?? kept;
    }
  }
  return kept;
}

/**
 * The words that stand for states in their documents: those of the field of states, then those of lists whose states are named by the
 * mapping's words; empty where there are too many to be names of states.
 */
export function stateWordsOf(pairs: readonly FieldPair[], fields: readonly ForeignField[]): readonly string[] {
  const inLists = pairs.filter(({ form }) => form.type === 'state').map(({ theirs }) => theirs);
  const words = [placeOf(pairs, 'state'), ...inLists].flatMap(
    (path) => fields.find((field) => field.path === path)?.words ?? [],
  );
  return [...new Set(words)];
}

function proposePairs(part: MappedPart, fields: readonly ForeignField[]): readonly FieldPair[] {
  const ours = valuePathsOf(part);
  const isInList = (list: string | null) => (path: string) => splitPath(path).list === list;
  const roots = fields.filter(({ path }) => !path.includes('[].'));
  const pairs = [...pairsAmong(part, ours.filter(isInList(null)), roots, '')];
  for (const list of listPathsOf(part)) {
    const place = `${placeOf(pairs, list)}[].`;
    const inside = fields.filter(({ path }) => path.startsWith(place) && !path.slice(place.length).includes('[].'));
    const found = pairsAmong(part, ours.filter(isInList(list)), inside, place);
    pairs.push(
      ...withStatesAlike(part, withDatesAlike(part, found, inside), ours.filter(isInList(list)), inside, place),
    );
  }
  return pairs;
}

type Pairs = Readonly<Record<MappedPart, readonly FieldPair[]>>;

/**
 * Where any credits have a fraction, all of them are of whole credits: a price that is whole in every document of a sample would
 * otherwise be read as so many of the smallest unit, beside a balance that is read as a hundred times as much.
 */
function inOneUnit(pairs: Pairs, shapes: ReadonlyMap<MappedPart, readonly ForeignField[]>): Pairs {
  const fieldAt = (part: MappedPart, place: string): ForeignField | undefined =>
    shapes.get(part)?.find(({ path, kinds }) => path === place && kinds.length > 0);
  const creditsOf = (part: MappedPart): readonly string[] =>
    valuePathsOf(part).filter((ours) => kindOf(part, ours) === 'credits');
  const decimals = MAPPED_PARTS.flatMap((part) =>
    creditsOf(part).map((ours) => fieldAt(part, placeOf(pairs[part], ours))?.decimals ?? 0),
  );
  const most = Math.max(0, ...decimals);
  if (most === 0) return pairs;
  const form = { type: 'credits_whole', decimals: Math.max(most, CREDIT_SCALE) } as const;
  const inUnit = (part: MappedPart): readonly FieldPair[] => {
    const own = creditsOf(part)
      .filter((ours) => !pairs[part].some((pair) => pair.ours === ours))
      .map((ours) => ({ ours, theirs: placeOf(pairs[part], ours), form }))
      .filter(({ ours, theirs }) => {
        const field = fieldAt(part, theirs);
        return field !== undefined && formOf(part, ours, field) !== null && !isTaken(pairs[part], theirs);
      });
    return [...pairs[part].map((pair) => (kindOf(part, pair.ours) === 'credits' ? { ...pair, form } : pair)), ...own];
  };
  return { jobs: inUnit('jobs'), accounts: inUnit('accounts'), ledger: inUnit('ledger') };
}

function isTaken(pairs: readonly FieldPair[], path: string): boolean {
  return pairs.some(({ theirs }) => theirs === path);
}

/** A date that is null in every element is taken to be written as another one is beside it. */
function withDatesAlike(
  part: MappedPart,
  pairs: readonly FieldPair[],
  fields: readonly ForeignField[],
): readonly FieldPair[] {
  const isSeen = ({ theirs }: FieldPair): boolean =>
    fields.some(({ path, documents }) => path === theirs && documents > 0);
  const isDate = ({ ours }: FieldPair): boolean => kindOf(part, ours) === 'date';
  const seen = pairs.find((pair) => isDate(pair) && isSeen(pair));
  if (seen === undefined) return pairs;
  return pairs.map((pair) => (isDate(pair) && !isSeen(pair) ? { ...pair, form: seen.form } : pair));
}

/** Where one field of a list's states has the words of the mapping, all of them have: a sample need not show it of each. */
function withStatesAlike(
  part: MappedPart,
  pairs: readonly FieldPair[],
  ours: readonly string[],
  fields: readonly ForeignField[],
  place: string,
): readonly FieldPair[] {
  if (!pairs.some(({ form }) => form.type === 'state')) return pairs;
  const form = { type: 'state' } as const;
  const own = ours
    .filter((path) => kindOf(part, path) === 'state' && !pairs.some((pair) => pair.ours === path))
    .map((path) => ({ ours: path, theirs: `${place}${splitPath(path).inside}`, form }))
    .filter(({ theirs }) => fields.some(({ path }) => path === theirs));
  return [...pairs.map((pair) => (kindOf(part, pair.ours) === 'state' ? { ...pair, form } : pair)), ...own];
}

/**
 * The surest pairs among some fields of ours and some of theirs.
 * @param place where theirs lie, empty or ending in `[].`
 */
function pairsAmong(
  part: MappedPart,
  paths: readonly string[],
  fields: readonly ForeignField[],
  place: string,
): readonly FieldPair[] {
  const byPath = new Map(fields.map((field) => [field.path.slice(place.length), field]));
  const isOwn = (ours: string): boolean => {
    const field = byPath.get(splitPath(ours).inside);
    return field !== undefined && formOf(part, ours, field)?.type === 'same';
  };
  const own = new Set(paths.filter(isOwn).map((path) => splitPath(path).inside));
  const candidates = paths
    .filter((ours) => !isOwn(ours))
    .flatMap((ours) =>
      [...byPath].flatMap(([path, field]) => {
        const form = own.has(path) ? null : formOf(part, ours, field);
        const score = form === null ? 0 : nameScore(part, ours, path, field);
        return form !== null && score >= SCORE_MIN ? [{ ours, theirs: field.path, form, score }] : [];
      }),
    )
    .sort((one, other) => other.score - one.score || (one.theirs < other.theirs ? -1 : 1));
  const [ours, theirs] = [new Set<string>(), new Set<string>()];
  return candidates.flatMap((candidate) => {
    if (ours.has(candidate.ours) || theirs.has(candidate.theirs)) return [];
    ours.add(candidate.ours);
    theirs.add(candidate.theirs);
    return [{ ours: candidate.ours, theirs: candidate.theirs, form: candidate.form }];
  });
}

const RECORDS: ReadonlySet<string> = new Set([
  'input.options',
  'holds',
  'posting',
  'billing.blocked',
  'billing.collects',
  'billing.pricing',
]);
const COUNTS: ReadonlySet<string> = new Set([
  'version',
  'attempt',
  'maxAttempts',
  'priority',
  'leaseToken',
  'lease.token',
  'failure.attempt',
  'output.bytes',
  'history[].seq',
  'history[].attempt',
  'history[].policyVersion',
  'attempts[].n',
  'attempts[].providerCost',
  'billing.pending[].attempt',
]);
const YES_OR_NO: ReadonlySet<string> = new Set([
  'validation.passed',
  'validation.checks[].passed',
  'attempts[].validation.passed',
  'attempts[].validation.checks[].passed',
]);

/** The form in which a field of theirs can be one of ours; null where its values are of another kind. */
function formOf(part: MappedPart, ours: string, { kinds, decimals, words }: ForeignField): ValueForm | null {
  // In lists some fields are null for long: the first entry of every history has no state before it.
  if (kinds.length === 0) return splitPath(ours).list !== null && isOptional(part, ours) ? { type: 'same' } : null;
  const only = (...allowed: readonly ForeignKind[]): boolean =>
    kinds.length > 0 && kinds.every((kind) => allowed.includes(kind));
  switch (kindOf(part, ours)) {
    case 'state':
      if (!only('text') || words === null) return null;
      return { type: ours === 'state' || words.every((word) => isOwnState(word)) ? 'same' : 'state' };
    case 'date':
      if (only('date')) return { type: 'same' };
      if (only('iso')) return { type: 'date_iso' };
      return only('epoch') ? { type: 'date_epoch_ms' } : null;
    case 'credits':
      if (!only('whole', 'fraction', 'epoch')) return null;
      return decimals === 0 ? { type: 'same' } : { type: 'credits_whole', decimals };
    case 'other':
      if (listPathsOf(part).includes(ours)) return only('list') ? { type: 'same' } : null;
      if (RECORDS.has(ours)) return only('object') ? { type: 'same' } : null;
      if (COUNTS.has(ours)) return only('whole', 'epoch') ? { type: 'same' } : null;
      if (YES_OR_NO.has(ours)) return only('yes_no') ? { type: 'same' } : null;
      return only('text', 'iso') ? { type: 'same' } : null;
  }
}

function isOwnState(word: string): boolean {
  return safeParse(jobStateSchema, word).success;
}

/** @param path theirs, within the document or element */
function nameScore(part: MappedPart, ours: string, path: string, field: ForeignField): number {
  const { inside } = splitPath(ours);
  const known = FIELD_WORDS[part][ours] ?? FIELD_WORDS[part][inside] ?? [];
  const theirs = wordsOf(path);
  const own = wordScore(theirs, [wordsOf(inside).join(' ')]);
  const synonym = wordScore(theirs, known);
  // A document has one field of states, an element may have two: there only the name tells which one it is.
  const isState = ours === 'state' && kindOf(part, ours) === 'state';
  const meant = isState ? stateShare(field.words ?? []) : 0;
  return Math.max(own, synonym, isState && meant >= 0.5 ? 0.6 + 0.4 * meant : 0);
}

/** How well a name's words are one of some phrases: 1 where they are the same, less for each word that only one of them has. */
function wordScore(words: readonly string[], phrases: readonly string[]): number {
  const scores = phrases.map((phrase) => {
    const wanted = phrase.split(' ');
    const shared = wanted.filter((word) => words.includes(word)).length;
    if (shared < wanted.length) return shared / (wanted.length + words.length);
    // The words behind an object's name say more than the name.
    const isEnd = wanted.every((word, at) => words[words.length - wanted.length + at] === word);
    return (2 * shared) / (wanted.length + words.length) + (isEnd && words.length > wanted.length ? 0.1 : 0);
  });
  return Math.min(1, Math.max(0, ...scores));
}

/** The words of a path: `owner.teamId` and `owner.team_id` are owner, team, id. */
function wordsOf(path: string): readonly string[] {
  return path
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

function stateOf(word: string): JobState | null {
  const plain = wordsOf(word).join(' ');
  return jobStateSchema.options.find((state) => state === plain || STATE_WORDS[state].includes(plain)) ?? null;
}

function stateShare(words: readonly string[]): number {
  return words.length === 0 ? 0 : words.filter((word) => stateOf(word) !== null).length / words.length;
}

/** A state of which no word was seen keeps its own name; a word that means nothing is left to whoever edits. */
export function proposeStates(words: readonly string[]): JobMapping['states'] {
  const named = (state: JobState): [string, ...string[]] => {
    const [first, ...more] = words
      .filter((word) => stateOf(word) === state)
      .sort((one, other) => Number(other === state) - Number(one === state));
    return first === undefined ? [state] : [first, ...more];
  };
  return {
    queued: named('queued'),
    running: named('running'),
    validating: named('validating'),
    completed: named('completed'),
    failed: named('failed'),
    retrying: named('retrying'),
  };
}
