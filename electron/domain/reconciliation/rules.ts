import type { Rule } from './rule.ts';
import { RULE_INDEX } from './rule-index.ts';

/** Every rule, by its number. A new rule is a file in `rules/`: `cli/rule-index.mjs` gathers them before any program starts. */
export const RULES: readonly Rule[] = RULE_INDEX;

/** Raised whenever one of the rules would find something else in the same books. */
const RULES_REVISION = 3;
/** How many rules the first revision had. */
const FIRST_RULES = 19;

/** Another number whenever the same books may have other findings, so that two runs are known to be comparable: a further rule counts too. */
export const RULES_VERSION = (RULES_REVISION - 1) * 1000 + 1 + RULES.length - FIRST_RULES;

/** The rule of a name, undefined where there is none. */
export function findRule(name: string): Rule | undefined {
  return RULES.find((rule) => rule.name === name);
}
