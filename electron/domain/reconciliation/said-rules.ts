import { INVOICE_RULE } from './invoice.ts';
import type { RuleWords } from './rule.ts';
import { RULES } from './rules.ts';

/** Everything that a finding can be of, by its number: the rules of the ledger, and behind them what invoices leave unmatched. */
export const SAID_RULES: readonly RuleWords[] = [...RULES, INVOICE_RULE];

/** What the rule of a name says of itself, undefined where there is none. */
export function wordsOfRule(name: string): RuleWords | undefined {
  return SAID_RULES.find((rule) => rule.name === name);
}
