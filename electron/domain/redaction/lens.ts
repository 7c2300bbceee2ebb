import { PERMISSIONS_OF, type Role } from '../people.ts';
import { redactionMark } from './redaction-mark.ts';
import type { RedactionDraft, RedactionRule } from './redaction-rule.ts';
import { isHiddenBy, OUTPUT_PATH, parsePath, type TextPath } from './text-path.ts';

/** Where in a text a pattern matches: from, included, to, excluded; in order, without overlap. */
export type FindMatches = (text: string) => readonly { readonly from: number; readonly to: number }[];

/** Makes a finder of a pattern that is known to be good. Brought by whoever has an engine that cannot be made to take long. */
export type CompilePattern = (pattern: string, ignoresCase: boolean) => FindMatches;

/** How often each rule hid something, by its id. */
export type RuleHits = Map<string, number>;

/** The rules that hold for a role, ready to be looked through. */
export interface Lens {
  /** The label under which a value at this place of a job's document is hidden; null where no path hides it. */
  hiddenAt(at: TextPath, hits?: RuleHits): string | null;
  /** The label under which outputs are hidden as a whole; null where they are not. */
  readonly output: string | null;
  /** A text without what patterns hide. */
  clean(text: string, hits?: RuleHits): string;
  /** True where any pattern holds. */
  readonly hasPatterns: boolean;
  /** True where a path hides anything of a job's input. */
  readonly hidesInput: boolean;
  /** What stands for a fingerprint of failures, which holds the words of a message: the same for the same one. */
  tokenOf(fingerprint: string): string;
}

/** What a lens is made with. */
export interface LensTools {
  readonly compile: CompilePattern;
  readonly tokenOf: (fingerprint: string) => string;
}

const OUTPUT_FACTS: ReadonlySet<string> = new Set(['uri', 'mime', 'bytes', 'sha256']);

interface FoundRange {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** What customers wrote, which lists and messages show beside what everybody may see. */
const PAYLOAD_PATHS = ['input.prompt', 'input.options'] as const;
const WITHOUT_PAYLOAD = 'not for your role';

/**
 * The lens of a role; null where nothing is hidden from it. A role without the permission for payloads reads none of them anywhere,
 * whatever the rules say.
 */
export function lensOf({ rules }: RedactionDraft, role: Role, tools: LensTools): Lens | null {
  const own = [...payloadRules(role), ...rules.filter(({ roles }) => roles.includes(role))];
  return own.length === 0 ? null : lensOfRules(own, tools);
}

/**
 * True where a role sees no prompt at all, by itself or by a rule: then none need stand on the machine of whoever has it.
 * What patterns hide is a part of prompts, which are seen but for it.
 */
export function hidesPrompts({ rules }: RedactionDraft, role: Role): boolean {
  return [...payloadRules(role), ...rules.filter(({ roles }) => roles.includes(role))].some(
    ({ where }) => where.type === 'path' && isHiddenBy(parsePath(where.path), ['input', 'prompt']),
  );
}

function payloadRules(role: Role): readonly RedactionRule[] {
  if (PERMISSIONS_OF[role].includes('payload')) return [];
  return PAYLOAD_PATHS.map((path, index) => ({
    id: `payload-${index}`,
    label: WITHOUT_PAYLOAD,
    roles: [role],
    where: { type: 'path', path },
  }));
}

/** The lens of rules, whomever they are for. */
export function lensOfRules(rules: readonly RedactionRule[], { compile, tokenOf }: LensTools): Lens {
  const paths = rules.flatMap(({ id, label, where }) =>
    where.type === 'path' ? [{ id, label, path: parsePath(where.path) }] : [],
  );
  const patterns = rules.flatMap(({ id, label, where }) =>
    where.type === 'pattern' ? [{ id, label, find: compile(where.pattern, where.ignoresCase) }] : [],
  );
  return {
    tokenOf,
    hasPatterns: patterns.length > 0,
    hidesInput: paths.some(({ path: [head] }) => head === 'input'),
    output: paths.find(({ path: [head] }) => head === OUTPUT_PATH)?.label ?? null,
    hiddenAt: (at, hits) => {
      // What tells where an output is and that it is the same is no part of it.
      if (at[0] === OUTPUT_PATH && OUTPUT_FACTS.has(at[1] ?? '')) return null;
      const rule = paths.find(({ path }) => isHiddenBy(path, at));
      if (rule === undefined) return null;
      count(hits, rule.id);
      return rule.label;
    },
    clean: (text, hits) => {
      if (patterns.length === 0 || text === '') return text;
      const found = patterns.flatMap(({ id, label, find }) =>
        find(text).map(({ from, to }): FoundRange => {
          count(hits, id);
          return { from, to, label };
        }),
      );
      return replaced(text, found);
    },
  };
}

/** What is shown while nobody knows the rules: no text of a customer or a provider at all. */
export function blindLens(tokenOf: LensTools['tokenOf']): Lens {
  return {
    tokenOf,
    hasPatterns: true,
    hidesInput: true,
    output: 'rules not known',
    hiddenAt: ([head = '', ...rest]) =>
      ['input', 'failure', 'progress', 'history', 'validation', 'attempts'].includes(head) && isText(rest)
        ? 'rules not known'
        : null,
    clean: (text) => text,
  };
}

function isText(rest: TextPath): boolean {
  const last = rest.at(-1) ?? '';
  return rest[0] === 'options' || ['prompt', 'message', 'reason'].includes(last);
}

function count(hits: RuleHits | undefined, id: string): void {
  hits?.set(id, (hits.get(id) ?? 0) + 1);
}

/** A text whose ranges are replaced by marks; ranges that overlap become one, under the label of the first. */
function replaced(text: string, ranges: readonly FoundRange[]): string {
  if (ranges.length === 0) return text;
  const sorted = ranges.filter(({ from, to }) => to > from).toSorted((left, right) => left.from - right.from);
  const merged: FoundRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.from < last.to) {
      merged[merged.length - 1] = { ...last, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  let clean = '';
  let at = 0;
  for (const { from, to, label } of merged) {
    clean += text.slice(at, from) + redactionMark(label);
    at = to;
  }
  return clean + text.slice(at);
}
