import { z } from 'zod';
import { appError, type AppError } from './errors.ts';
import { failureClassSchema, type FailureClass } from './failure.ts';
import { actorSchema, type Actor } from './ledger.ts';
import { err, ok, type Result } from './result.ts';
import {
  classRuleSchema,
  DEFAULT_RETRY_POLICY,
  retryPolicySchema,
  type ClassRule,
  type RetryPolicy,
} from './retry-policy.ts';

/** The longest reason of a version, in characters. */
export const POLICY_REASON_MAX = 500;
const ID_DIGITS = 6;

/**
 * A version of the retry policy as `retry_policies` keeps it. Versions are appended and never changed; the highest one is in force.
 * `_id` is the version in digits, so that no two people can write the same one.
 */
export const policyVersionSchema = retryPolicySchema.extend({
  _id: z.string().regex(/^\d{6}$/),
  reason: z.string().min(1).max(POLICY_REASON_MAX),
  by: actorSchema,
  at: z.date(),
});
export type PolicyVersion = z.infer<typeof policyVersionSchema>;

/** What somebody wants put in force: everything of a policy but its version. */
export const policyDraftSchema = retryPolicySchema.omit({ version: true });
export type PolicyDraft = z.infer<typeof policyDraftSchema>;

/** The document's id of a version; ids are in the order of versions. */
export function policyVersionId(version: number): string {
  return String(version).padStart(ID_DIGITS, '0');
}

/** The policy in force: the highest version, or the one that the program brings where nobody has written any. */
export function policyInForce(highest: RetryPolicy | null): RetryPolicy {
  return highest ?? DEFAULT_RETRY_POLICY;
}

/**
 * The next version over the one in force.
 * Errors: `invalid_request` without a reason, where nothing differs, or where a rule contradicts itself.
 */
export function nextPolicyVersion(
  inForce: RetryPolicy,
  draft: PolicyDraft,
  step: { readonly by: Actor; readonly at: Date; readonly reason: string },
): Result<PolicyVersion, AppError> {
  const reason = step.reason.trim();
  if (reason === '') return err(appError('invalid_request', 'a new version of the policy needs a reason'));
  const [problem] = problemsOf(draft);
  if (problem !== undefined) return err(appError('invalid_request', problem));
  if (diffPolicies(inForce, draft).length === 0) {
    return err(appError('invalid_request', `nothing differs from version ${inForce.version}`));
  }
  const version = inForce.version + 1;
  const { classes, spend } = draft;
  return ok({ _id: policyVersionId(version), version, classes, spend, reason, by: step.by, at: step.at });
}

/** What contradicts itself in a draft, in words; empty where it can be put in force. */
export function problemsOf(draft: PolicyDraft): readonly string[] {
  const ofClasses = failureClassSchema.options.flatMap((name) => {
    const rule = draft.classes[name];
    return [
      ...(rule.backoffBaseMs > rule.backoffMaxMs ? [`${name}: the first wait is longer than the longest`] : []),
      ...(rule.why.trim() === '' ? [`${name}: say why`] : []),
      ...(isSameInputFutile(name) && rule.automatic > 0 ? [`${name}: the same input cannot succeed by itself`] : []),
      ...(isSameInputFutile(name) && rule.person !== 'edited_input' && rule.person !== 'never'
        ? [`${name}: a person retries it with an edited input or not at all`]
        : []),
      ...(name === 'cancelled' && rule.automatic > 0 ? [`${name}: nothing is retried that somebody stopped`] : []),
    ];
  });
  const { typedCredits, approvalCredits } = draft.spend;
  return typedCredits > approvalCredits
    ? [...ofClasses, 'spend: an amount that another person approves is typed too']
    : ofClasses;
}

/** An `input` failure says of itself that the same input cannot succeed; no policy changes that. */
function isSameInputFutile(name: FailureClass): boolean {
  return name === 'input';
}

/** One thing in which two policies differ; `subject` is a class, or `spend`. */
export interface PolicyChange {
  readonly subject: FailureClass | 'spend';
  readonly field: keyof ClassRule | keyof RetryPolicy['spend'];
  readonly from: string | number;
  readonly to: string | number;
}

const RULE_FIELDS = Object.keys(classRuleSchema.shape) as (keyof ClassRule)[];

/** Everything in which two policies differ, in the order of the classes. */
export function diffPolicies(from: PolicyDraft, to: PolicyDraft): readonly PolicyChange[] {
  const ofClasses = failureClassSchema.options.flatMap((subject) =>
    RULE_FIELDS.flatMap((field): PolicyChange[] => {
      const [before, after] = [from.classes[subject][field], to.classes[subject][field]];
      return before === after ? [] : [{ subject, field, from: before, to: after }];
    }),
  );
  const ofSpend = (['typedCredits', 'approvalCredits'] as const).flatMap((field): PolicyChange[] =>
    from.spend[field] === to.spend[field]
      ? []
      : [{ subject: 'spend', field, from: from.spend[field], to: to.spend[field] }],
  );
  return [...ofClasses, ...ofSpend];
}

/**
 * What the policy that a failure was decided under said of its charge. A failure without a version was decided before there were
 * any, under the first one; a version that nobody knows any more counts as the one in force.
 * @param versions every version that was written
 */
export function chargeRuleOf(
  versions: readonly RetryPolicy[],
): (failureClass: FailureClass, policyVersion: number | null) => ClassRule['charge'] {
  const byVersion = new Map([DEFAULT_RETRY_POLICY, ...versions].map((policy) => [policy.version, policy]));
  const last = versions.reduce((highest, one) => (one.version > highest.version ? one : highest), DEFAULT_RETRY_POLICY);
  return (failureClass, version) =>
    (byVersion.get(version ?? DEFAULT_RETRY_POLICY.version) ?? last).classes[failureClass].charge;
}
