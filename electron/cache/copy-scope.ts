import { isFields } from '#domain/fields.ts';
import { parseJob, type Job } from '#domain/job.ts';
import { EchoFinder } from '#domain/redaction/echo.ts';
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
  const document = withoutPrompt(found.document, found.job.input);
  const parsed = parseJob(document);
  return parsed.ok
    ? { type: 'job', job: parsed.value, document }
    : { type: 'malformed', malformed: parsed.error, document: null };
}

/** What stands where others quoted what is not kept. */
const LABEL = 'not kept';
/** Fields whose text others wrote, and may quote the input. */
const QUOTING_FIELDS: ReadonlySet<string> = new Set(['message', 'reason']);

function withoutPrompt(document: Readonly<Record<string, unknown>>, input: Job['input']): Record<string, unknown> {
  const texts = [input.prompt, ...textsOf(input.options)];
  const clean = withoutEchoes(document, new EchoFinder(texts.map((text) => ({ text, label: LABEL }))));
  const raw = isFields(document['input']) ? document['input'] : {};
  return { ...clean, input: { ...raw, prompt: '', options: withoutTexts(input.options) } };
}

function withoutEchoes(fields: Readonly<Record<string, unknown>>, echoes: EchoFinder): Record<string, unknown> {
  const clean = (name: string, value: unknown): unknown => {
    if (typeof value === 'string' && QUOTING_FIELDS.has(name)) return echoes.clean(value);
    if (Array.isArray(value)) return value.map((item: unknown) => clean(name, item));
    return isFields(value) ? withoutEchoes(value, echoes) : value;
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, clean(name, value)]));
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
