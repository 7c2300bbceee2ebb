import { z } from 'zod';
import { appError, type AppError } from '../errors.ts';
import { actorSchema, type Actor } from '../ledger.ts';
import { roleSchema, type Role } from '../people.ts';
import { err, ok, type Result } from '../result.ts';
import { problemOfPath } from './text-path.ts';

/** The most rules of a version, and the longest path or pattern of one, in characters. */
export const REDACTION_RULES_MAX = 50;
export const REDACTION_WHERE_MAX = 300;
/** The longest reason of a version, in characters. */
export const REDACTION_REASON_MAX = 500;
const ID_DIGITS = 6;

/**
 * One rule: what is not shown to whom, and by what it is replaced. A path hides everything that stands at it (see `text-path.ts`);
 * a pattern hides what it matches in any text that a customer or a provider wrote.
 */
export const redactionRuleSchema = z.object({
  /** Names the rule for as long as it lives, so that two versions can be compared. */
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** Stands in the place of what is hidden; letters, digits and spaces, so that it breaks no text that it stands in. */
  label: z
    .string()
    .trim()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} _-]{0,39}$/u),
  roles: z.array(roleSchema).min(1).max(roleSchema.options.length),
  where: z.discriminatedUnion('type', [
    z.object({ type: z.literal('path'), path: z.string().min(1).max(REDACTION_WHERE_MAX) }),
    z.object({
      type: z.literal('pattern'),
      pattern: z.string().min(1).max(REDACTION_WHERE_MAX),
      ignoresCase: z.boolean(),
    }),
  ]),
});
export type RedactionRule = z.infer<typeof redactionRuleSchema>;

/** What somebody wants in force. */
export const redactionDraftSchema = z.object({ rules: z.array(redactionRuleSchema).max(REDACTION_RULES_MAX) });
export type RedactionDraft = z.infer<typeof redactionDraftSchema>;

/** Rules with their version; 0 is what holds before anybody wrote any. */
export interface RedactionRules extends RedactionDraft {
  readonly version: number;
}

/** What holds before anybody wrote a version: nothing is hidden from who may read it. */
export const NO_REDACTION: RedactionRules = { version: 0, rules: [] };

/**
 * A version as `redaction_rules` keeps it. Versions are appended and never changed; the highest one is in force. `_id` is the version
 * in digits, so that no two people can write the same one.
 */
export const redactionVersionSchema = redactionDraftSchema.extend({
  _id: z.string().regex(/^\d{6}$/),
  version: z.int().positive(),
  reason: z.string().min(1).max(REDACTION_REASON_MAX),
  by: actorSchema,
  at: z.date(),
});
export type RedactionVersion = z.infer<typeof redactionVersionSchema>;

/** Why a pattern cannot be used, for people; null where it can. Brought by whoever has the engine of patterns. */
export type ProblemOfPattern = (pattern: string) => string | null;

/** What is wrong with a draft, in words; empty where it can be put in force. */
export function problemsOfRedaction(draft: RedactionDraft, problemOfPattern: ProblemOfPattern): readonly string[] {
  const ids = draft.rules.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    ...[...new Set(twice)].map((id) => `two rules are named ${id}`),
    ...draft.rules.flatMap(({ label, where }) => {
      const problem = where.type === 'path' ? problemOfPath(where.path) : problemOfPattern(where.pattern);
      return problem === null ? [] : [`${label}: ${problem}`];
    }),
  ];
}

/**
 * The next version over the one in force.
 * Errors: `invalid_request` without a reason, where nothing differs, or where a rule cannot be used.
 */
export function nextRedactionVersion(
  inForce: RedactionRules,
  draft: RedactionDraft,
  step: {
    readonly by: Actor;
    readonly at: Date;
    readonly reason: string;
    readonly problemOfPattern: ProblemOfPattern;
  },
): Result<RedactionVersion, AppError> {
  const reason = step.reason.trim();
  if (reason === '') return err(appError('invalid_request', 'a new version of the rules needs a reason'));
  const [problem] = problemsOfRedaction(draft, step.problemOfPattern);
  if (problem !== undefined) return err(appError('invalid_request', problem));
  if (diffRedaction(inForce, draft).length === 0) {
    return err(appError('invalid_request', `nothing differs from version ${inForce.version}`));
  }
  const version = inForce.version + 1;
  const _id = String(version).padStart(ID_DIGITS, '0');
  return ok({ _id, version, rules: draft.rules, reason, by: step.by, at: step.at });
}

/** One thing in which two sets of rules differ. */
export interface RedactionChange {
  readonly ruleId: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** The rule in words, as it was and as it is to be; null where there is none. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Everything in which two sets of rules differ: first what stays or goes, in the old order, then what is new. */
export function diffRedaction(from: RedactionDraft, to: RedactionDraft): readonly RedactionChange[] {
  const after = new Map(to.rules.map((rule) => [rule.id, rule]));
  const before = new Set(from.rules.map(({ id }) => id));
  const standing = from.rules.flatMap((rule): RedactionChange[] => {
    const next = after.get(rule.id);
    const words = wordsOfRule(rule);
    if (next === undefined) return [{ ruleId: rule.id, change: 'removed', from: words, to: null }];
    const nextWords = wordsOfRule(next);
    return words === nextWords ? [] : [{ ruleId: rule.id, change: 'changed', from: words, to: nextWords }];
  });
  const added = to.rules
    .filter(({ id }) => !before.has(id))
    .map((rule): RedactionChange => ({ ruleId: rule.id, change: 'added', from: null, to: wordsOfRule(rule) }));
  return [...standing, ...added];
}

/** A rule as one line for people. */
export function wordsOfRule({ label, roles, where }: RedactionRule): string {
  const what =
    where.type === 'path' ? where.path : `/${where.pattern}/${where.ignoresCase ? ', upper or lower case' : ''}`;
  return `${what} as “${label}” for ${inOrder(roles).join(', ')}`;
}

/** Roles of a rule in the order of the roles, so that the same roles are the same words. */
function inOrder(roles: readonly Role[]): readonly Role[] {
  return roleSchema.options.filter((role) => roles.includes(role));
}
