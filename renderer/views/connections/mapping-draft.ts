import { jobStateSchema, type JobState } from '#domain/job.ts';
import { MAPPED_PARTS, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import { placeOf } from '#domain/mapping/mapped-shape.ts';
import { jobMappingSchema, type FieldPair, type JobMapping, type ValueForm } from '#domain/mapping/job-mapping.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** A field while somebody pairs it; an empty path is the field's own. */
export interface PairDraft {
  readonly theirs: string;
  readonly form: ValueForm;
}

/** A mapping while somebody edits it: states are words with commas between. */
export interface MappingDraft {
  readonly collections: JobMapping['collections'];
  readonly pairs: Readonly<Record<MappedPart, Readonly<Record<string, PairDraft>>>>;
  readonly states: Readonly<Record<JobState, string>>;
}

/** The draft of a mapping that stands. */
export function mappingDraftOf({ collections, fields, states }: JobMapping): MappingDraft {
  const pairs = (part: MappedPart): Readonly<Record<string, PairDraft>> =>
    Object.fromEntries(fields[part].map(({ ours, theirs, form }) => [ours, { theirs, form }]));
  const words = (state: JobState): string => states[state].join(', ');
  return {
    collections,
    pairs: { jobs: pairs('jobs'), accounts: pairs('accounts'), ledger: pairs('ledger') },
    states: {
      queued: words('queued'),
      running: words('running'),
      validating: words('validating'),
      completed: words('completed'),
      failed: words('failed'),
      retrying: words('retrying'),
    },
  };
}

/** The draft with one field paired in another way; the fields of a list's elements go along where the list stands elsewhere. */
export function withPair(draft: MappingDraft, part: MappedPart, ours: string, pair: PairDraft): MappingDraft {
  const changed = { ...draft, pairs: { ...draft.pairs, [part]: { ...draft.pairs[part], [ours]: pair } } };
  const [before, after] = [draft, changed].map((one) => `${placeIn(one, part, ours)}[].`);
  if (before === undefined || after === undefined || before === after) return changed;
  const moved = Object.entries(changed.pairs[part]).map(([path, each]): [string, PairDraft] => {
    const isInside = path.startsWith(`${ours}[].`) && each.theirs.trim().startsWith(before);
    return [path, isInside ? { ...each, theirs: `${after}${each.theirs.trim().slice(before.length)}` } : each];
  });
  return { ...changed, pairs: { ...changed.pairs, [part]: Object.fromEntries(moved) } };
}

/** Where a field stands by a draft. */
function placeIn(draft: MappingDraft, part: MappedPart, ours: string): string {
  return placeOf(namedPairs(draft, part), ours);
}

/** Where a field stands by a draft as long as nobody names a path for it. */
export function ownPlaceIn(draft: MappingDraft, part: MappedPart, ours: string): string {
  return placeOf(
    namedPairs(draft, part).filter((pair) => pair.ours !== ours),
    ours,
  );
}

function namedPairs(draft: MappingDraft, part: MappedPart): readonly FieldPair[] {
  return Object.entries(draft.pairs[part])
    .map(([ours, { theirs, form }]) => ({ ours, theirs: theirs.trim(), form }))
    .filter(({ theirs }) => theirs !== '');
}

/** The mapping that a draft describes, or the first thing that is wrong with it. */
export function mappingOf(draft: MappingDraft): { readonly mapping: JobMapping } | { readonly problem: string } {
  const pairsOf = (part: MappedPart): readonly FieldPair[] =>
    Object.entries(draft.pairs[part])
      .map(([ours, { form }]) => ({ ours, theirs: placeIn(draft, part, ours), form }))
      .filter(({ ours, theirs, form }) => theirs !== ownPlaceIn(draft, part, ours) || form.type !== 'same');
  const parsed = safeParse(jobMappingSchema, {
    collections: draft.collections,
    fields: Object.fromEntries(MAPPED_PARTS.map((part) => [part, pairsOf(part)])),
    states: Object.fromEntries(
      jobStateSchema.options.map((state) => [
        state,
        draft.states[state]
          .split(',')
          .map((word) => word.trim())
          .filter((word) => word !== ''),
      ]),
    ),
  });
  if (parsed.success) return { mapping: parsed.data };
  const [issue] = parsed.error.issues;
  const [area = '', place = ''] = issue?.path ?? [];
  const where = area === 'states' ? `State ${String(place)}` : area === 'collections' ? 'Collections' : 'Fields';
  return { problem: `${where}: ${issue?.message ?? 'not whole'}` };
}

/** The forms that a kind of field can have, each by a key for a choice, and what it is called. */
export const DATE_FORMS = {
  same: 'a date',
  date_iso: 'text, 2026-11-28T09:30:00.000Z',
  date_epoch_ms: 'milliseconds since 1970',
} as const;
export const STATE_FORMS = {
  same: "Runledger's names",
  state: 'by the words below',
} as const;
export const CREDIT_FORMS = {
  same: 'smallest units',
  credits_1: 'whole, 1 decimal',
  credits_2: 'whole, 2 decimals',
  credits_3: 'whole, 3 decimals',
  credits_4: 'whole, 4 decimals',
  credits_5: 'whole, 5 decimals',
  credits_6: 'whole, 6 decimals',
} as const;

/** The key of a form among its kind's. */
export function creditKey(form: ValueForm): keyof typeof CREDIT_FORMS {
  if (form.type !== 'credits_whole') return 'same';
  const key = `credits_${form.decimals}`;
  const isKey = (name: string): name is keyof typeof CREDIT_FORMS => Object.hasOwn(CREDIT_FORMS, name);
  return isKey(key) ? key : 'same';
}

/** The form of credits that a key stands for: the way back from {@link creditKey}. */
export function creditForm(key: keyof typeof CREDIT_FORMS): ValueForm {
  return key === 'same' ? { type: 'same' } : { type: 'credits_whole', decimals: Number(key.slice(-1)) };
}

/** What a mapping is, in a line. */
export function mappingWords(mapping: JobMapping | undefined): string {
  if (mapping === undefined) return "none: the documents have Runledger's own names";
  const { jobs, accounts, ledger } = mapping.collections;
  const count = MAPPED_PARTS.reduce((sum, part) => sum + mapping.fields[part].length, 0);
  return `${jobs}, ${accounts}, ${ledger}; ${count} ${count === 1 ? 'field' : 'fields'} of another name or form`;
}
