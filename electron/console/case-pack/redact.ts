import { createHash } from 'node:crypto';
import { hasMark, piecesOf } from '#domain/redaction/redaction-mark.ts';

/** What is taken out of a case before it leaves the machine, in the words that stand in the pack. */
export const REDACTION_RULES = [
  'Prompts and texts of options are replaced by their length and hash.',
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
/** A prompt shorter than this is not looked for inside other texts: it would be found everywhere. */
const ECHO_CHARS_MIN = 8;

/** A copy of a value without what the rules take out. Pure; dates become texts, and what JSON does not know is left out. */
export function redact(value: unknown, prompts: readonly string[]): unknown {
  const echoes = prompts.filter((prompt) => prompt.length >= ECHO_CHARS_MIN && !hasMark(prompt));
  return redactNamed('', value, { echoes, isOption: false });
}

interface Redaction {
  readonly echoes: readonly string[];
  readonly isOption: boolean;
}

function redactNamed(name: string, value: unknown, redaction: Redaction): unknown {
  const isSecret = SECRET_NAME.test(name) && !(HARMLESS_NAMES.has(name) && typeof value === 'number');
  if (isSecret && value !== null) return '[removed: secret]';
  if (typeof value === 'string') {
    return PROMPT_NAMES.has(name) || redaction.isOption ? describeText(value) : redactText(value, redaction.echoes);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map((each) => redactNamed(name, each, redaction));
  if (typeof value === 'object' && value !== null) {
    const inside = { ...redaction, isOption: redaction.isOption || name === 'options' };
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [redactText(key, redaction.echoes), redactNamed(key, each, inside)]),
    );
  }
  return typeof value === 'bigint' ? String(value) : value;
}

function describeText(text: string): string {
  // A text that was hidden from whoever packs it is shown as that, and not as a text of its own.
  if (piecesOf(text).every(({ label }) => label !== null)) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `[${text.length} characters, sha256 ${hash}…]`;
}

function redactText(text: string, echoes: readonly string[]): string {
  let clean = text;
  for (const echo of echoes) clean = clean.replaceAll(echo, '[removed: prompt]');
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
