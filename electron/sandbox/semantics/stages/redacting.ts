import { compile, declaring, type Evaluate } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import type { CompileStage } from './stage.ts';

/** What the expression says of a document or a part of it, as the server's variables are named. */
const VERDICTS = { KEEP: 'keep', PRUNE: 'prune', DESCEND: 'descend' } as const;

/** `$redact`. Error: 17053 for an expression that gives anything else. */
export const redact: CompileStage = (operand, { variables }) => {
  const evaluate = declaring(Object.keys(VERDICTS), () => compile(operand));
  const all = { ...variables, ...VERDICTS };
  return function* (input) {
    for (const document of input) {
      const rest = redacted(document, document, evaluate, all);
      if (rest !== undefined) yield rest;
    }
  };
};

function redacted(part: Doc, root: Doc, evaluate: Evaluate, variables: Doc): Doc | undefined {
  const verdict = evaluate({ root, current: part, variables });
  switch (verdict) {
    case VERDICTS.KEEP:
      return part;
    case VERDICTS.PRUNE:
      return undefined;
    case VERDICTS.DESCEND: {
      const result: Doc = {};
      for (const [name, value] of Object.entries(part)) {
        const rest = redactedValue(value, root, evaluate, variables);
        if (rest !== undefined) assign(result, name, rest);
      }
      return result;
    }
    default:
      throw refuse(
        17_053,
        `$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE, but returned ${JSON.stringify(verdict)}`,
      );
  }
}

function redactedValue(value: unknown, root: Doc, evaluate: Evaluate, variables: Doc): unknown {
  if (isDoc(value)) return redacted(value, root, evaluate, variables);
  if (!Array.isArray(value)) return value;
  return (value as unknown[])
    .map((element) => redactedValue(element, root, evaluate, variables))
    .filter((element) => element !== undefined);
}
