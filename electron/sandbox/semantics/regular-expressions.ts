import { BSONRegExp } from 'bson';
import { ServerError } from './server-error.ts';

const OPTIONS = /^[imsxu]*$/;
/** What PCRE has and JavaScript reads otherwise or not at all. */
const FOREIGN = /\\[AzZGKQEhHRXCae]|\(\?[>|#PR+&\d]|\(\?\(|\(\*|[*+?}]\+|\[\[:|\\[gk][{<']/u;

/**
 * A regular expression of MongoDB's, which are Perl's, as JavaScript's. Errors: `Location51091` for one that is none,
 * `Location51108` for an option that does not exist, `NotImplemented` for what JavaScript has no like of.
 */
export function compiledPattern(pattern: string, options: string): RegExp {
  if (!OPTIONS.test(options))
    throw new ServerError('Location51108', `invalid flag in regex options: ${options.replaceAll(/[imsxu]/g, '')}`);
  const inline = /^\(\?([imsx]+)\)/.exec(pattern);
  const flags = options + (inline?.[1] ?? '');
  const body = inline === null ? pattern : pattern.slice(inline[0].length);
  if (FOREIGN.test(body) || /\(\?[imsx-]+[:)]/.test(body))
    throw new ServerError('NotImplemented', `The sandbox server has no regular expressions like ${pattern}`);
  const translated = translate(body, flags);
  const kept = `${flags.includes('i') ? 'i' : ''}${flags.includes('m') ? 'm' : ''}`;
  for (const unicode of ['u', '']) {
    try {
      return new RegExp(translated, kept + unicode);
    } catch {
      // Perl allows escapes that JavaScript allows only without its mode for Unicode.
    }
  }
  throw new ServerError('Location51091', `Regular expression is invalid: ${pattern}`);
}

/** The expression behind a value that holds one; null for any other value. */
export function patternOf(value: unknown): RegExp | null {
  if (value instanceof BSONRegExp) return compiledPattern(value.pattern, value.options);
  return value instanceof RegExp ? compiledPattern(value.source, value.flags.replaceAll(/[^ims]/g, '')) : null;
}

/** Where Perl and JavaScript mean something else by the same sign. */
function translate(pattern: string, flags: string): string {
  const isExtended = flags.includes('x');
  let result = '';
  let isInClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at] ?? '';
    if (sign === '\\') {
      const next = pattern[at + 1] ?? '';
      at += 1;
      // Only spaces of ASCII.
      if (next === 's') result += isInClass ? ' \\t\\n\\v\\f\\r' : '[ \\t\\n\\v\\f\\r]';
      else if (next === 'S' && !isInClass) result += '[^ \\t\\n\\v\\f\\r]';
      else result += sign + next;
    } else if (isInClass) {
      isInClass = sign !== ']';
      result += sign;
    } else if (sign === '[') {
      isInClass = true;
      result += sign;
    } else if (sign === '.') result += flags.includes('s') ? '[\\s\\S]' : '[^\\n]';
    // The end is also before a last line break.
    else if (sign === '$' && !flags.includes('m')) result += '(?=\\n?(?![\\s\\S]))';
    else if (isExtended && /\s/.test(sign)) continue;
    else if (isExtended && sign === '#') {
      const end = pattern.indexOf('\n', at);
      at = end < 0 ? pattern.length : end;
    } else result += sign;
  }
  return result;
}
