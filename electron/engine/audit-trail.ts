import type { AuditBook, AuditedPerson } from '#console/audit/audit-book.ts';
import { sha256OfText } from '#cache/sha256.ts';
import type { RequestName } from '#contract/requests.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';

/** A view of the same thing by the same person is recorded once in this time, in milliseconds: a live screen reads often. */
const VIEW_AGAIN_MS = 10 * 60_000;
const VIEWS_REMEMBERED_MAX = 5000;
/** A text up to this length is kept as it is; of a longer one, hash and length. */
const TEXT_MAX = 200;
const LIST_MAX = 50;
/** Fields that hold what customers wrote; of them only the hash is kept, however short they are. */
const PAYLOAD_FIELDS: ReadonlySet<string> = new Set(['prompt', 'options', 'edited', 'document', 'csv', 'text']);
/** Fields of which not even a hash is kept: a short secret is guessed from it. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(['secrets', 'password', 'keyPassphrase', 'uri']);
/** Fields that name what a request is about, in the order in which they are looked for. */
const SUBJECT_FIELDS = [
  'jobId',
  'planId',
  'proposalId',
  'findingId',
  'personId',
  'runnerId',
  'period',
  'workspaceId',
  'groupId',
  'runId',
  'id',
];

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What an act leaves behind until it has ended. */
export interface AuditedAct {
  /** Records how it ended: `done` or a code of the catalogue, and what a handler noted of before and after. */
  end(outcome: string, notes: Readonly<Record<string, unknown>>): void;
}

/** Records what windows ask for, as the contract says of each request. */
export class AuditTrail {
  readonly #book: AuditBook;
  readonly #person: () => AuditedPerson;
  readonly #now: () => number;
  readonly #log: (line: string, cause?: unknown) => void;
  readonly #views = new Map<string, number>();

  constructor(parts: {
    readonly book: AuditBook;
    readonly person: () => AuditedPerson;
    readonly now: () => number;
    readonly log: (line: string, cause?: unknown) => void;
  }) {
    this.#book = parts.book;
    this.#person = parts.person;
    this.#now = parts.now;
    this.#log = parts.log;
  }

  /**
   * Records that something is about to be done. Errors: those of the book; then it must not be done.
   * @param action the name of a request, or a command's own
   */
  begin(action: string, params: unknown): Result<AuditedAct, AppError> {
    const person = this.#person();
    const subject = subjectOf(params);
    const details = { asked: toDetail(params) };
    const asked = this.#book.record(person, { action, subject, outcome: 'asked', of: null, details });
    if (!asked.ok) return asked;
    return ok({
      end: (outcome, notes) => {
        const note = { action, subject, outcome, of: asked.value.seq, details: toDetails(notes) };
        const ended = this.#book.record(person, note);
        if (!ended.ok) this.#log('how an act ended could not be recorded', ended.error);
      },
    });
  }

  /** Records that something was looked at, once in a while. */
  view(action: RequestName, params: unknown): Result<void, AppError> {
    const person = this.#person();
    const subject = subjectOf(params);
    const key = JSON.stringify([person.actor.id, action, subject]);
    const nowMs = this.#now();
    // A clock that was put back must not leave out what is looked at until it has caught up.
    if (Math.abs(nowMs - (this.#views.get(key) ?? Number.NEGATIVE_INFINITY)) < VIEW_AGAIN_MS) return ok(undefined);
    const seen = this.#book.record(person, { action, subject, outcome: 'done', of: null, details: {} });
    if (!seen.ok) return seen;
    if (this.#views.size >= VIEWS_REMEMBERED_MAX) this.#views.clear();
    this.#views.set(key, nowMs);
    return ok(undefined);
  }
}

function subjectOf(params: unknown): string | null {
  if (typeof params !== 'object' || params === null) return null;
  for (const field of SUBJECT_FIELDS) {
    const value: unknown = Reflect.get(params, field);
    if (typeof value === 'string') return kept(value.slice(0, 300));
  }
  return null;
}

function toDetails(notes: Readonly<Record<string, unknown>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(notes).map(([name, value]) => [kept(name), toDetail(value, name)]));
}

/** A value as the audit keeps it: what customers wrote, and long texts, as a hash. */
function toDetail(value: unknown, field = ''): Json {
  if (value === null || value === undefined) return null;
  if (SECRET_FIELDS.has(field)) return 'given, and not recorded';
  if (PAYLOAD_FIELDS.has(field)) return fingerprint(typeof value === 'string' ? value : JSON.stringify(value));
  if (typeof value === 'string') return value.length > TEXT_MAX ? fingerprint(value) : kept(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean') return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    const items = value.slice(0, LIST_MAX).map((item) => toDetail(item));
    return value.length > LIST_MAX ? [...items, `and ${value.length - LIST_MAX} more`] : items;
  }
  if (typeof value === 'object') return toDetails({ ...value });
  return null;
}

/** A text as a server keeps it: one with half of a character comes back as another, by which its entry would look changed. */
function kept(text: string): string {
  return text.toWellFormed();
}

function fingerprint(text: string): string {
  return `sha256:${sha256OfText(text)} (${text.length} characters)`;
}
