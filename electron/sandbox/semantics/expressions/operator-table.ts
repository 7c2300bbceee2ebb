import { ARITHMETIC } from './arithmetic.ts';
import { findOperatorsIn, type Operator } from './compile.ts';
import { CONDITIONS } from './conditions.ts';
import { TYPE_OPERATORS } from './conversions.ts';
import { DATES } from './dates/dates.ts';
import { FIELDS } from './fields.ts';
import { LISTS } from './lists.ts';
import { reducingOperator } from './accumulators.ts';
import { SEARCHES } from './searching.ts';
import { ServerError } from '../server-error.ts';
import { TEXTS } from './texts.ts';
import { TRIGONOMETRY } from './trigonometry.ts';

const OWN = new Map<string, Operator>(
  [ARITHMETIC, CONDITIONS, LISTS, TYPE_OPERATORS, TEXTS, SEARCHES, FIELDS, DATES, TRIGONOMETRY].flatMap((operators) =>
    Object.entries(operators),
  ),
);

/** Expressions that MongoDB 7 has and this server has not: they would run a client's program, or need another kind of index. */
const NOT_OFFERED: ReadonlySet<string> = new Set(['$function', '$meta', '$sampleRate', '$toHashedIndexKey']);

/** An expression's operator. Errors: `NotImplemented`, and MongoDB's for one that nobody has. */
function operatorNamed(name: string): Operator {
  if (NOT_OFFERED.has(name)) throw new ServerError('NotImplemented', `The sandbox server has no expression ${name}`);
  const own = OWN.get(name) ?? reducingOperator(name);
  if (own === null) throw new ServerError('InvalidPipelineOperator', `Unrecognized expression '${name}'`);
  return own;
}

findOperatorsIn(operatorNamed);
