import { createHash } from 'node:crypto';
import { EchoFinder } from '#domain/redaction/echo.ts';
import { hasMark, piecesOf } from '#domain/redaction/redaction-mark.ts';

/** What is taken out of a case before it leaves the machine, in the words that stand in the pack. */
export const REDACTION_RULES = [
  'Prompts and texts of options are replaced by their length and hash.',
  'Quotations of them in messages and reasons are removed.',
  'Values under names that speak of secrets, and texts that look like keys or tokens, are removed.',
  'Addresses of mail are removed.',
  'Addresses of the web lose user, query and fragment.',
] as const;

const SECRET_NAME = /secret|token|passw|api.?key|authori[sz]ation|credential|cookie/i;
/** Names that a rule about secrets would hit, and that hold a number of the lease. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(['token', 'leaseToken']);
const PROMPT_NAMES: ReadonlySet<string> = new Set(['prompt', 'promptStart']);
const KEY_SHAPE = /\b(?:sk|pk|rk|r8|ghp|xox[abp])[-_][A-Za-z0-9_-]{12,}\b|\bBearer\s+\S+|\beyJ[A-Za-z0-9_-]{10,}\.\S+/g;
const MAIL = /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
const WEB = /\bhttps?:\/\/[^\s"'<>]+/gi;
/** Fields whose texts others wrote, and may quote what a customer did; a fingerprint is made of a message's words. */
const QUOTING_NAMES: ReadonlySet<string> = new Set(['message', 'failureMessage', 'reason', 'fingerprint', 'evidence']);
/** Fields that hold one of a few words of ours, or a digest: a prompt may be the same word. */
const CLOSED_NAMES: ReadonlySet<string> = new Set([
  'state',
  'from',
  'to',
  'type',
  'class',
  'status',
  'severity',
  'chargeStatus',
  'failureClass',
  'sha256',
]);
/** A prompt shorter than this is not looked for in ids and the like: it would be found everywhere. */
const ECHO_CHARS_MIN = 8;

/** The longest that any text of a job may be is at least this. */
const LENGTH_KEPT_MIN = 100;

/** What a customer wrote of a job. */
export interface CustomerTexts {
  readonly prompt: string;
  readonly options: unknown;
}

/** A copy of a value without what the rules take out. Pure; dates become texts, and what JSON does not know is left out. */
export function redact(value: unknown, { prompt, options }: CustomerTexts): unknown {
  // What stands between the marks of a prompt that was hidden in part is quoted as much.
  const written = [prompt, ...textsIn(options)].flatMap((text) =>
    piecesOf(text).flatMap((piece) => (piece.label === null ? [{ text: piece.text, label: 'prompt' }] : [])),
  );
  const wholes = [prompt].filter((text) => text.length >= ECHO_CHARS_MIN && !hasMark(text));
  const quotations = new EchoFinder(written, () => '[removed: prompt]');
  return redactNamed('', value, { wholes, quotations, isOption: false });
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

interface Redaction {
  readonly wholes: readonly string[];
  readonly quotations: EchoFinder;
  readonly isOption: boolean;
}

function redactNamed(name: string, value: unknown, redaction: Redaction): unknown {
  const isSecret = SECRET_NAME.test(name) && !(HARMLESS_NAMES.has(name) && typeof value === 'number');
  if (isSecret && value !== null) return '[removed: secret]';
  if (typeof value === 'string') {
    return PROMPT_NAMES.has(name) || redaction.isOption ? describeText(value) : redactWords(name, value, redaction);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map((each) => redactNamed(name, each, redaction));
  if (typeof value === 'object' && value !== null) {
    const inside = { ...redaction, isOption: redaction.isOption || name === 'options' };
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [nameOf(key, redaction), redactNamed(key, each, inside)]),
    );
  }
  return typeof value === 'bigint' ? String(value) : value;
}

/** An option may be named by a customer; what else has a name is named by us. */
function nameOf(key: string, { isOption, wholes }: Redaction): string {
  return isOption ? redactText(key, wholes) : key;
}

function describeText(text: string): string {
  // A text that was hidden from whoever packs it is shown as that, and not as a text of its own.
  if (piecesOf(text).every(({ label }) => label !== null)) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `[${text.length} characters, sha256 ${hash}…]`;
}

function redactWords(name: string, text: string, { wholes, quotations }: Redaction): string {
  if (CLOSED_NAMES.has(name)) return text;
  const clean = redactText(QUOTING_NAMES.has(name) ? quotations.clean(text) : text, wholes);
  // What is removed may be shorter than what says so, and a job's texts have their longest lengths.
  return clean.slice(0, Math.max(text.length, LENGTH_KEPT_MIN));
}

function redactText(text: string, wholes: readonly string[]): string {
  let clean = text;
  for (const echo of wholes) clean = clean.replaceAll(echo, '[removed: prompt]');
  return clean
    .replaceAll(KEY_SHAPE, '[removed: secret]')
    .replaceAll(WEB, bareAddress)
    .replaceAll(MAIL, '[removed: mail]');
}

function bareAddress(address: string): string {
  if (!URL.canParse(address)) return '[removed: address]';
  const { protocol, host, pathname, search, hash } = new URL(address);
  return `${protocol}//${host}${pathname}${search === '' && hash === '' ? '' : '?…'}`;
}
