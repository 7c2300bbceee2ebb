import { canonicalJson } from '../canonical-input.ts';
import { isFields } from '../fields.ts';
import { EchoFinder, type Hidden } from './echo.ts';
import type { Lens, RuleHits } from './lens.ts';
import { redactionMark } from './redaction-mark.ts';
import type { TextPath } from './text-path.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a job whose texts others wrote, and may quote its input. */
const QUOTING_FIELDS: ReadonlySet<string> = new Set(['message', 'reason']);
/** Derived from the input: a short one could be guessed from it. */
const HASH_AT: TextPath = ['input', 'hash'];
/** Names by which a job and its parts are found; they are no texts. */
const IDENTIFIER =
  /^_id$|^(?:id|key|state|kind|type|class|status)$|Id$|Ids$|^(?:sha256|hash|token|retryOf|editedFrom|mime)$/;

/** What a redacted document is seen without, beside the document. */
export interface Redacted<Value> {
  readonly value: Value;
  /** Takes quotations of what paths hide out of any other text about the job. */
  readonly echoes: EchoFinder;
}

/**
 * A document of a job without what the lens hides: what paths name is replaced whole, what patterns match in any text, and quotations
 * of hidden inputs in messages and reasons. The fields stay, so that it can be read as a job as before.
 */
export function redactJobDocument<Value extends object>(document: Value, lens: Lens, hits?: RuleHits): Redacted<Value> {
  const hidden: Hidden[] = [];
  if (lens.hidesInput) collectHidden(Reflect.get(document, 'input'), ['input'], { lens, hidden });
  const echoes = new EchoFinder(hidden);
  const walk = { lens, echoes, hits };
  // Objects are made anew field by field, with the same names and kinds of values wherever a job is read from them.
  const value = redactFields(Object.fromEntries(Object.entries(document)), [], walk) as Value;
  hideHash(document, value);
  return { value, echoes };
}

/** A few digits that are missing from a prompt are found by trying all of them against its hash. */
function hideHash(document: object, redacted: object): void {
  const before: unknown = Reflect.get(document, 'input');
  const after: unknown = Reflect.get(redacted, 'input');
  if (!isFields(before) || !isFields(after) || typeof after['hash'] !== 'string') return;
  if (inputText(before) !== inputText(after)) Reflect.set(after, 'hash', redactionMark('hash of the input'));
}

function inputText({ prompt, options }: Fields): string {
  return canonicalJson({ prompt: prompt ?? null, options: options ?? null });
}

/** A document that is no job, and so tells nothing of where its texts stand: all of them are hidden where any path is. */
export function redactUnknownDocument(document: unknown, lens: Lens): unknown {
  const label = lens.hidesInput ? (lens.hiddenAt(['input', 'prompt']) ?? 'input') : null;
  const walk = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') {
      if (IDENTIFIER.test(name)) return value;
      return label === null ? lens.clean(value) : redactionMark(label);
    }
    if (Array.isArray(value)) return value.map((each: unknown) => walk(name, each));
    if (isFields(value)) return mapped(value, lens, (key, each) => walk(key, each));
    return foreign(value, lens);
  };
  return walk('', document);
}

interface Walk {
  readonly lens: Lens;
  readonly echoes: EchoFinder;
  readonly hits: RuleHits | undefined;
}

function redactFields(fields: Fields, at: TextPath, walk: Walk): Fields {
  return mapped(fields, walk.lens, (name, value) => redactValue(value, [...at, name], walk));
}

function redactValue(value: unknown, at: TextPath, walk: Walk): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => redactValue(each, at, walk));
  // Names of fields stay where their values are hidden, so that what is read by name can still be read.
  if (isFields(value)) return redactFields(value, at, walk);
  if (value === null || value === undefined) return value;
  const label = walk.lens.hiddenAt(at, walk.hits);
  if (label !== null) return redactionMark(label);
  if (typeof value !== 'string') return foreign(value, walk.lens);
  if (isAt(at, HASH_AT)) return value;
  const name = at.at(-1) ?? '';
  if (name === 'fingerprint' && at[at.length - 2] === 'failure') return walk.lens.tokenOf(value);
  if (IDENTIFIER.test(name) && at[0] !== 'input') return value;
  const clean = walk.lens.clean(value, walk.hits);
  return QUOTING_FIELDS.has(name) && at[0] !== 'input' ? walk.echoes.clean(clean) : clean;
}

function collectHidden(value: unknown, at: TextPath, found: { readonly lens: Lens; readonly hidden: Hidden[] }): void {
  if (Array.isArray(value)) value.forEach((each: unknown) => collectHidden(each, at, found));
  else if (isFields(value)) {
    for (const [name, each] of Object.entries(value)) collectHidden(each, [...at, name], found);
  } else if (typeof value === 'string') {
    const label = found.lens.hiddenAt(at);
    if (label !== null) found.hidden.push({ text: value, label });
  }
}

/** Fields whose names are texts too: an option may be named by a customer. */
function mapped(fields: Fields, lens: Lens, each: (name: string, value: unknown) => unknown): Fields {
  const taken = new Set<string>();
  const entries = Object.entries(fields).map(([name, value]) => {
    const clean = lens.clean(name);
    // Two names of which the same part is hidden stay two.
    const free = taken.has(clean) ? `${clean} ${taken.size}` : clean;
    taken.add(free);
    return [free, each(name, value)] as const;
  });
  return Object.fromEntries(entries);
}

/** Values of BSON that are neither text nor fields may hold a text; one that a pattern matches in is hidden whole. */
function foreign(value: unknown, lens: Lens): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const json = JSON.stringify(value) ?? '';
  return lens.clean(json) === json ? value : redactionMark('value');
}

function isAt(at: TextPath, path: TextPath): boolean {
  return at.length === path.length && at.every((name, index) => name === path[index]);
}
