import { fingerprintWith } from '#domain/failure.ts';
import { isFields } from '#domain/fields.ts';
import { parseJob, type Job } from '#domain/job.ts';
import { EchoFinder } from '#domain/redaction/echo.ts';
import { hasMark } from '#domain/redaction/redaction-mark.ts';
import type { CachedDocument } from './changes.ts';

/** What of the server's jobs the copy keeps. Accounts and ledger are always whole: no charge can be proved from half a ledger. */
export interface CopyScope {
  /** Jobs that came to their end and have not changed since are left out; null keeps all. Milliseconds since 1970. */
  readonly keptSinceMs: number | null;
  /** False where prompts, and texts of options, are left out of every document and of the search. */
  readonly keepsPrompts: boolean;
}

/** Everything. */
export const WHOLE_SCOPE: CopyScope = { keptSinceMs: null, keepsPrompts: true };

/** States in which a job is at its end; the server's filter of a window names the same. */
const ENDED_STATES = ['completed', 'failed'] as const;
const ENDED: ReadonlySet<unknown> = new Set(ENDED_STATES);

/**
 * When a document of the job collection that is at its end changed last, in milliseconds since 1970; null for one that no window leaves
 * out. Asked of the document as it came, so that the server can be asked the same.
 */
export function endedMsOf(document: Readonly<Record<string, unknown>>): number | null {
  const at = document['updatedAt'];
  return ENDED.has(document['state']) && at instanceof Date ? at.getTime() : null;
}

/** True for a document that the window leaves out. */
export function isOutside(document: Readonly<Record<string, unknown>>, keptSinceMs: number | null): boolean {
  const endedMs = endedMsOf(document);
  return keptSinceMs !== null && endedMs !== null && endedMs < keptSinceMs;
}

/** A document of the job collection as the copy keeps it; `document` is null where nothing of a malformed one is kept. */
export type KeptDocument =
  | Extract<CachedDocument, { type: 'job' }>
  | (Omit<Extract<CachedDocument, { type: 'malformed' }>, 'document'> & {
      readonly document: Readonly<Record<string, unknown>> | null;
    });

/** What the copy keeps of a document; null where it is outside of the window. */
export function keptOf(found: CachedDocument, scope: CopyScope): KeptDocument | null {
  if (isOutside(found.document, scope.keptSinceMs)) return null;
  if (scope.keepsPrompts) return found;
  // Where the prompt stands in a document that is none of ours nobody knows.
  if (found.type === 'malformed') return { ...found, document: null };
  const kept = parsedWithout(found.job, false);
  // A mark may be longer than what it stands for, and a text that has grown beyond the length of its field makes of a job none.
  return kept.type === 'job' ? kept : parsedWithout(found.job, true);
}

function parsedWithout(job: Job, isCut: boolean): KeptDocument {
  const document = withoutPrompt(job, isCut);
  const parsed = parseJob(document);
  return parsed.ok
    ? { type: 'job', job: parsed.value, document }
    : { type: 'malformed', malformed: parsed.error, document: null };
}

/** What stands where others quoted what is not kept. */
const LABEL = 'not kept';
/** Fields whose text others wrote, and may quote the input. */
const QUOTING_FIELDS: ReadonlySet<string> = new Set(['message', 'reason']);

/** Of what was written only what a job is: where else its product, or another program, writes what was asked for nobody knows. */
function withoutPrompt(job: Job, isCut: boolean): Record<string, unknown> {
  const { prompt, options, hash } = job.input;
  const echoes = new EchoFinder([prompt, ...textsOf(options)].map((text) => ({ text, label: LABEL })));
  const withoutEcho = (text: string): string => {
    const kept = echoes.clean(text);
    return isCut ? kept.slice(0, text.length).toWellFormed() : kept;
  };
  const clean = withoutEchoes({ ...job }, withoutEcho);
  return { ...clean, input: { prompt: '', options: withoutTexts(options), hash } };
}

type Cleaning = (text: string) => string;

function withoutEchoes(fields: Readonly<Record<string, unknown>>, withoutEcho: Cleaning): Record<string, unknown> {
  const clean = (name: string, value: unknown): unknown => {
    if (typeof value === 'string' && QUOTING_FIELDS.has(name)) return withoutEcho(value);
    if (typeof value === 'string' && name === 'fingerprint') return withoutWords(value, fields['message'], withoutEcho);
    if (Array.isArray(value)) return value.map((item: unknown) => clean(name, item));
    return isFields(value) ? withoutEchoes(value, withoutEcho) : value;
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, clean(name, value)]));
}

/**
 * A fingerprint of failures without what its message quotes. It holds the words of the message in another form, in which a quotation need not
 * be found: so it is made anew of what is kept of the message.
 */
function withoutWords(fingerprint: string, message: unknown, withoutEcho: Cleaning): string {
  if (typeof message !== 'string') return withoutEcho(fingerprint);
  const kept = withoutEcho(message);
  // What an older program kept has its mark already, and the words in its fingerprint still.
  const isQuoting = kept !== message || hasMark(message) || withoutEcho(fingerprint) !== fingerprint;
  return isQuoting ? fingerprintWith(kept, fingerprint) : fingerprint;
}

/** Every text of the options, at any depth. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isFields(value) ? Object.values(value).flatMap(textsOf) : [];
}

function withoutTexts(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, withoutText(value)]));
}

function withoutText(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  // Anything else may hold a text, at any depth.
  return '';
}
