import { FAILURE_CLASS_NAMES } from './failure-words.ts';
import type { PolicyChange } from './policy-version.ts';
import type { ClassRule } from './retry-policy.ts';

/** How a person may retry what failed in a class, as window and command line say it. */
export const PERSON_RULE_WORDS: Readonly<Record<ClassRule['person'], string>> = {
  as_is: 'as it is',
  edited_input: 'with an edited input',
  with_reason: 'with a reason',
  never: 'never',
};

/** What becomes of the charge of what failed in a class, as window and command line say it. */
export const CHARGE_WORDS: Readonly<Record<ClassRule['charge'], string>> = {
  release: 'given back',
  capture: 'kept',
};

/** What each field of a rule is called where a change of it is told. */
export const FIELD_WORDS: Readonly<Record<PolicyChange['field'], string>> = {
  automatic: 'retries by a runner',
  backoffBaseMs: 'first wait',
  backoffMaxMs: 'longest wait',
  person: 'a person retries',
  charge: 'the hold is',
  why: 'why',
  typedCredits: 'typed above',
  approvalCredits: 'approved by another person above',
};

/** The subject of a change as people read it. */
export function subjectWords(subject: PolicyChange['subject']): string {
  return subject === 'spend' ? 'Spending of a plan' : FAILURE_CLASS_NAMES[subject];
}

/** A value of a change as people read it. @param credits how credits are shown */
export function valueWords(
  { field }: Pick<PolicyChange, 'field'>,
  value: string | number,
  credits: (amount: number) => string,
): string {
  switch (field) {
    case 'backoffBaseMs':
    case 'backoffMaxMs':
      return secondsText(Number(value));
    case 'person':
      return isKeyOf(PERSON_RULE_WORDS, value) ? PERSON_RULE_WORDS[value] : String(value);
    case 'charge':
      return isKeyOf(CHARGE_WORDS, value) ? CHARGE_WORDS[value] : String(value);
    case 'typedCredits':
    case 'approvalCredits':
      return credits(Number(value));
    case 'automatic':
    case 'why':
      return String(value);
  }
}

/** Milliseconds as seconds, with as many decimals as they have. */
export function secondsText(ms: number): string {
  return `${(ms / 1000).toLocaleString('en', { maximumFractionDigits: 3 })} s`;
}

function isKeyOf<Key extends string>(words: Readonly<Record<Key, string>>, value: string | number): value is Key {
  return Object.hasOwn(words, value);
}
