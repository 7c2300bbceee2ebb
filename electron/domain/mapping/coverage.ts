import type { z } from 'zod';
import { counted } from '../counted.ts';
import { isFields } from '../fields.ts';
import { reasonOf } from '../issue-words.ts';
import { idTextOf, jobSchema } from '../job.ts';
import { creditAccountSchema, ledgerEntrySchema } from '../ledger.ts';
import { safeParse } from '../safe-parse.ts';
import { isOptional, valuePathsOf, type MappedPart } from './canonical-fields.ts';
import type { MappedCollection } from './mapped-shape.ts';
import { toOurs, type MappedDocument } from './mapped-documents.ts';

/** How much of a field is there and means something, over some documents or, of a field of elements, over all elements of its list in them. */
export interface FieldCoverage {
  readonly ours: string;
  /** Whether a document or an element without it may still be what it should be. */
  readonly isOptional: boolean;
  /** How many documents or elements there are. */
  readonly among: number;
  /** Share of them in which it stands and is neither absent nor null, 0 to 1. */
  readonly presentShare: number;
  /** Share of them in which it stands and parses, 0 to 1. */
  readonly soundShare: number;
}

/** A document that would be malformed, and the first reason. */
export interface FaultyDocument {
  readonly id: string;
  readonly path: string;
  readonly reason: string;
}

/** What a mapping makes of some documents. */
export interface MappingCoverage {
  readonly documents: number;
  readonly soundDocuments: number;
  readonly fields: readonly FieldCoverage[];
  /** At most {@link FAULTS_MAX}, one for each document that would be malformed. */
  readonly faults: readonly FaultyDocument[];
}

/** How many documents are named at most. */
export const FAULTS_MAX = 20;

interface Fault {
  readonly path: string;
  readonly reason: string;
}

/** What a mapping makes of documents of one of their collections. */
export function coverageOf(collection: MappedCollection, documents: readonly MappedDocument[]): MappingCoverage {
  return coverageOfOurs(
    collection.part,
    documents.map((document) => toOurs(collection, document)),
  );
}

/** The same of documents that a mapping has been through. */
export function coverageOfOurs(part: MappedPart, documents: readonly MappedDocument[]): MappingCoverage {
  const looked = documents.map((document) => ({ document, faults: faultsOf(part, document) }));
  const fields = valuePathsOf(part).map((ours): FieldCoverage => {
    const places = looked.flatMap(({ document, faults }) =>
      placesOf(document, ours).map((path) => ({ document, path, faults })),
    );
    const there = places.filter(({ document, path }) => isSaid(document, path));
    const sound = there.filter(({ path, faults }) => !faults.some((fault) => concerns(fault.path, path)));
    const share = (count: number): number => (places.length === 0 ? 0 : count / places.length);
    return {
      ours,
      isOptional: isOptional(part, ours),
      among: places.length,
      presentShare: share(there.length),
      soundShare: share(sound.length),
    };
  });
  const faulty = looked.flatMap(({ document, faults: [first] }) =>
    first === undefined ? [] : [{ id: idTextOf(document['_id']), ...first }],
  );
  return {
    documents: documents.length,
    soundDocuments: documents.length - faulty.length,
    fields,
    faults: faulty.slice(0, FAULTS_MAX),
  };
}

const SCHEMAS: Readonly<Record<MappedPart, z.ZodType>> = {
  jobs: jobSchema,
  accounts: creditAccountSchema,
  ledger: ledgerEntrySchema,
};
/** What of a job goes by its state. */
const BY_STATE: ReadonlySet<string> = new Set(['state', 'lease', 'output', 'failure']);

function faultsOf(part: MappedPart, document: MappedDocument): readonly Fault[] {
  const faults = issuesOf(SCHEMAS[part], document);
  const isStateUnknown = part === 'jobs' && faults.some(({ path }) => path === 'state');
  if (!isStateUnknown) return faults;
  // Without a state nothing else of a job was looked at: looked at again as one that waits, apart from what goes by the state.
  const waiting = { ...document, state: 'queued', lease: null, output: null, failure: null };
  const others = issuesOf(jobSchema, waiting).filter(({ path }) => !BY_STATE.has(path.split('.')[0] ?? ''));
  return [...faults, ...others];
}

function issuesOf(schema: z.ZodType, document: MappedDocument): readonly Fault[] {
  const parsed = safeParse(schema, document);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({
    path: issue.path.map(String).join('.') || '(document)',
    reason: reasonOf(issue).slice(0, 300),
  }));
}

function isSaid(document: MappedDocument, path: string): boolean {
  const value = valueAt(document, path);
  return value !== null && value !== undefined;
}

/** The places of a document that a path means: one, or one in each element of the lists that it goes through. */
function placesOf(document: MappedDocument, ours: string): readonly string[] {
  const [first = '', ...others] = ours.split('[].');
  return others.reduce<readonly string[]>(
    (places, inside) =>
      places.flatMap((place) => {
        const list = valueAt(document, place);
        return Array.isArray(list) ? list.map((_, at) => `${place}.${at}.${inside}`) : [];
      }),
    [first],
  );
}

/** What stands at a place, through objects and lists; undefined where nothing does. */
function valueAt(document: MappedDocument, place: string): unknown {
  return place.split('.').reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return (value as unknown[])[Number(name)];
    return isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }, document);
}

/** Whether what is wrong at one path makes the other one wrong: it lies in it, or around it. */
function concerns(wrong: string, path: string): boolean {
  return wrong === path || wrong.startsWith(`${path}.`) || path.startsWith(`${wrong}.`);
}

/** How many elements of a list are shown. */
const SHOWN_ELEMENTS_MAX = 3;

/** A value in a line for people, without what customers wrote; of lists the first elements. */
export function previewOf(part: MappedPart, document: MappedDocument): readonly { path: string; value: string }[] {
  return valuePathsOf(part).flatMap((path) => {
    return placesOf(document, path)
      .filter((place) => place.split('.').every((step) => !(Number(step) >= SHOWN_ELEMENTS_MAX)))
      .flatMap((place) => {
        const value = valueAt(document, place);
        return value === undefined ? [] : [{ path: place, value: isPayload(path) ? '(withheld)' : shown(value) }];
      });
  });
}

const PAYLOAD: ReadonlySet<string> = new Set(['input', 'output', 'progress', 'validation']);

/** Fields that may quote a prompt or say what somebody wrote. */
const WORDS: ReadonlySet<string> = new Set([
  'failure.message',
  'failure.fingerprint',
  'attempts[].failure.message',
  'attempts[].failure.fingerprint',
  'history[].reason',
  'billing.pending[].reason',
  'reason',
]);

function isPayload(path: string): boolean {
  return PAYLOAD.has(path.split('.')[0] ?? '') || WORDS.has(path) || path.startsWith('attempts[].validation.');
}

function shown(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isFields(value)) return counted(Object.keys(value).length, 'field');
  return (typeof value === 'object' && value !== null ? 'a value of another kind' : String(value)).slice(0, 200);
}
