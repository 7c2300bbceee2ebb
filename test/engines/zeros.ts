import { queryOf, isUpsert } from './borne-out.ts';
import type { Difference } from './deviations.ts';
import type { EngineAgain } from './engine-again.ts';
import { updateOf } from './field-order.ts';

/** What the engine makes of nothing times a number. */
export const PLAIN_ZEROS = {
  name: 'nothing times a number is a plain zero',
  rule: 'A field that is not there becomes zero of the same numeric type as the multiplier: the server multiplies it by an int 0, so that a double keeps its sign, and a decimal its sign and its places.',
  page: 'reference/operator/update/mul',
};

const ZERO = /("\$number(?:Double|Decimal)":")-?0(?:\.0+)?"/g;

/**
 * A difference with all zeros in the same form, for what else is different about it; null where the update multiplies nothing that a
 * document that it finds, or the one that it makes, does not have.
 */
export async function withPlainZeros(difference: Difference, again: EngineAgain): Promise<Difference | null> {
  const { operation, sandbox, engine } = difference;
  const paths = Object.keys(updateOf(operation)['$mul'] ?? {});
  if (paths.length === 0) return null;
  const lacksOne = { $or: paths.map((path) => ({ [path]: { $exists: false } })) };
  const { documents } = await again.over(again.before, [{ $match: queryOf(operation) }, { $match: lacksOne }]);
  if ((documents?.length ?? 0) === 0 && !isUpsert(operation)) return null;
  const plain = (text: string): string => text.replaceAll(ZERO, (_whole, head: string) => `${head}0"`);
  return {
    ...difference,
    sandbox: { ...sandbox, text: plain(sandbox.text) },
    engine: { ...engine, text: plain(engine.text) },
  };
}
