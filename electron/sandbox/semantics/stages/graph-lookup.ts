import { Long } from 'bson';
import { encodeKey } from '../../storage/key-encoding.ts';
import { compile, scopeOf } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { keyOf, keysOf } from '../field-names.ts';
import { fieldPathOf } from '../field-path.ts';
import { isWhole, numberKind, toDouble } from '../numbers.ts';
import { valuesAt } from '../paths.ts';
import { putAt } from '../projection-stages.ts';
import { matcherOf } from '../matching.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { isDoc, type Doc } from '../values.ts';
import { Memory } from './memory.ts';
import type { CompileStage, StageContext } from './stage.ts';

/** Where a search goes, from step to step. */
interface Search {
  readonly from: string;
  readonly connectFrom: string;
  readonly connectTo: string;
  /** How many steps it goes beyond the first one. */
  readonly depthMax: number;
  readonly depthPath: readonly string[] | null;
  readonly restriction: Doc | null;
}

const TEXT_OPTIONS = ['from', 'as', 'connectFromField', 'connectToField', 'depthField'] as const;
type TextOption = (typeof TEXT_OPTIONS)[number];

/**
 * `$graphLookup`. What a search finds comes in the order in which it was found, which MongoDB leaves open; each document once, with
 * the depth at which it was found first as a long at the end of it.
 */
export const graphLookup: CompileStage = (operand, context) => {
  if (!isDoc(operand))
    throw new ServerError(
      'FailedToParse',
      `the $graphLookup stage specification must be an object, but found ${typeNameOf(operand)}`,
    );
  refuseFrom(operand);
  const { startWith, maxDepth, restrictSearchWithMatch } = operand;
  for (const name of Object.keys(operand)) checkOption(name, operand[name], context.variables);
  const [as, connectFrom, connectTo] = [
    textOf(operand, 'as'),
    textOf(operand, 'connectFromField'),
    textOf(operand, 'connectToField'),
  ];
  if (as === '' || connectFrom === '' || connectTo === '' || !Object.hasOwn(operand, 'startWith'))
    throw refuse(
      40_105,
      "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', and 'connectToField' to be specified.",
    );
  for (const path of [as, connectFrom, connectTo]) fieldPathOf(path);
  const search: Search = {
    from: textOf(operand, 'from'),
    connectFrom,
    connectTo,
    depthMax: maxDepth === undefined ? Number.POSITIVE_INFINITY : toDouble(maxDepth),
    depthPath: operand['depthField'] === undefined ? null : fieldPathOf(textOf(operand, 'depthField')),
    restriction: isDoc(restrictSearchWithMatch) ? restrictSearchWithMatch : null,
  };
  const start = compile(startWith);
  const path = keysOf(as);
  return function* (input) {
    for (const document of input) {
      const begun = start(scopeOf(document, context.variables));
      yield putAt(document, path, foundBy(search, Array.isArray(begun) ? (begun as unknown[]) : [begun], context));
    }
  };
};

/** Goes from what was asked for to what that names, step by step, until nothing new is found. */
function foundBy(search: Search, start: readonly unknown[], context: StageContext): Doc[] {
  const memory = new Memory('$graphLookup', context.spill.bytesMax);
  const visited = new Map<string, Doc>();
  const asked = new Set<string>();
  let frontier = unasked(start, asked);
  for (let depth = 0; frontier.length > 0 && depth <= search.depthMax; depth += 1) {
    const named: unknown[] = [];
    for (const document of matching(search, frontier, context)) {
      if (!Object.hasOwn(document, '_id'))
        throw refuse(
          40_271,
          `Documents in the '${search.from}' namespace must contain an _id for de-duplication in $graphLookup`,
        );
      const id = keyTextOf(document['_id']);
      if (visited.has(id)) continue;
      const found = search.depthPath === null ? document : putAt(document, search.depthPath, Long.fromNumber(depth));
      visited.set(id, found);
      named.push(...valuesAt(found, search.connectFrom).values);
      if (!memory.hold(found)) throw refuse(40_099, '$graphLookup reached maximum memory consumption');
    }
    frontier = unasked(named, asked);
  }
  return [...visited.values()];
}

/** Those of the values that the search has not gone through yet; what is missing, or an empty list, leads nowhere. */
function unasked(values: readonly unknown[], asked: Set<string>): readonly unknown[] {
  return values.filter((value) => {
    if (value === undefined || typeof value === 'symbol') return false;
    const key = keyTextOf(value);
    if (asked.has(key)) return false;
    asked.add(key);
    return true;
  });
}

function matching(
  { from, connectTo, restriction }: Search,
  frontier: readonly unknown[],
  context: StageContext,
): Iterable<Doc> {
  const field = keyOf(connectTo);
  const filters: Doc[] = [{ [field]: { $in: [...frontier] } }];
  // Null finds what is null, and not what is missing, other than in a filter.
  if (frontier.includes(null)) filters.push({ [field]: { $exists: true } });
  const found = context.matching(from, { $and: filters });
  return restriction === null ? found : context.run([{ $match: restriction }], found, context.variables);
}

function keyTextOf(value: unknown): string {
  return encodeKey(value).toString('latin1');
}

function refuseFrom({ from }: Doc): void {
  if (from === undefined)
    throw new ServerError('FailedToParse', "missing 'from' option to $graphLookup stage specification");
  if (typeof from !== 'string')
    throw new ServerError('FailedToParse', `$graphLookup 'from' field must be a string, but found ${typeNameOf(from)}`);
  if (from === '') throw new ServerError('InvalidNamespace', 'invalid $graphLookup namespace');
}

function checkOption(name: string, value: unknown, variables: Doc): void {
  switch (name) {
    case 'startWith':
      return;
    case 'maxDepth':
      if (numberKind(value) === null)
        throw refuse(40_100, `maxDepth must be numeric, found type: ${typeNameOf(value)}`);
      if (toDouble(value) < 0)
        throw refuse(40_101, `maxDepth requires a nonnegative argument, found: ${toDouble(value)}`);
      if (!isWhole(value)) throw refuse(40_102, `maxDepth could not be represented as a long long: ${toDouble(value)}`);
      return;
    case 'restrictSearchWithMatch':
      if (!isDoc(value)) throw refuse(40_185, `restrictSearchWithMatch must be an object, found ${typeNameOf(value)}`);
      // Refused also where nothing is searched.
      matcherOf(value, variables);
      return;
    default:
      if (!isTextOption(name)) throw refuse(40_104, `Unknown argument to $graphLookup: ${name}`);
      if (typeof value !== 'string')
        throw refuse(40_103, `expected string as argument for ${name}, found: ${typeNameOf(value)}`);
  }
}

function isTextOption(name: string): name is TextOption {
  return TEXT_OPTIONS.some((option) => option === name);
}

/** An option that {@link checkOption} has seen; empty where it is not given. */
function textOf(operand: Doc, name: TextOption): string {
  const value = operand[name];
  return typeof value === 'string' ? value : '';
}
