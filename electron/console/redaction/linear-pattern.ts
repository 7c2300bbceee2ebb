import { RE2JS } from 're2js';
import type { CompilePattern } from '#domain/redaction/lens.ts';
import type { ProblemOfPattern } from '#domain/redaction/redaction-rule.ts';

/** A pattern whose program is larger would be slow on every text; RE2 measures it in instructions. */
const PROGRAM_MAX = 2000;

/** Why a pattern cannot be used; RE2's syntax has neither references back nor looking around, so that none takes long. */
export const problemOfPattern: ProblemOfPattern = (pattern) => {
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > PROGRAM_MAX) return 'the pattern is too large; write it with fewer repetitions';
    return compiled.matches('') || compiled.matcher('').find() ? 'the pattern matches the empty text' : null;
  } catch (cause) {
    return `not a pattern of RE2: ${cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable'}`;
  }
};

/**
 * Makes a finder of a pattern, in the syntax of RE2, whose time grows with the text and not with what it holds. Every match counts,
 * also across lines (`.` matches none of their ends). @throws where the pattern is none, which {@link problemOfPattern} tells before
 */
export const compilePattern: CompilePattern = (pattern, ignoresCase) => {
  const compiled = RE2JS.compile(pattern, RE2JS.MULTILINE | (ignoresCase ? RE2JS.CASE_INSENSITIVE : 0));
  return (text) => {
    const matcher = compiled.matcher(text);
    const found: { from: number; to: number }[] = [];
    while (matcher.find()) {
      if (matcher.end() > matcher.start()) found.push({ from: matcher.start(), to: matcher.end() });
    }
    return found;
  };
};
