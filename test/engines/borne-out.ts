import type { Document } from 'mongodb';
import type { Difference } from './deviations.ts';
import type { EngineAgain } from './engine-again.ts';
import { updateOf } from './field-order.ts';
import type { Operation } from './operations.ts';
import { shown } from './outcome.ts';

/** An update's operators with the fields of each. */
type Operators = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The same update with other operators. */
export function withOperators({ kind, command }: Operation, operators: Operators): Operation {
  const [statement] = (command['updates'] ?? []) as readonly Document[];
  const changed =
    statement === undefined
      ? { ...command, update: operators }
      : { ...command, updates: [{ ...statement, u: operators }] };
  return { kind: kind.replace('-contents', ''), command: changed };
}

/** The documents that the engine holds after an operation on what there was before it. */
export async function heldAfter(again: EngineAgain, operation: Operation): Promise<readonly Document[]> {
  await again.inPlace({ ...operation, kind: operation.kind.replace('-contents', '') });
  return again.held();
}

/** {@link heldAfter} an update of one document after the other, of those that it does not refuse. */
export async function heldAfterEach(again: EngineAgain, operation: Operation): Promise<readonly Document[]> {
  const all: Document[] = [];
  for (const document of again.before) {
    const q = { $and: [{ _id: document['_id'] as unknown }, queryOf(operation)] };
    const updates = [{ q, u: updateOf(operation) }];
    const after = await heldAfter(again, { kind: 'update', command: { update: '', updates } });
    all.push(...after.filter((one) => shown(one['_id']) === shown(document['_id'])));
  }
  return all;
}

/** Whether the engine refuses an addition to what is no number where it is told of nothing else, or of more than nothing. */
export async function refusesAddition(again: EngineAgain, operation: Operation, operand?: unknown): Promise<boolean> {
  const additions = Object.entries(updateOf(operation))
    .filter(([name]) => name === '$inc' || name === '$mul')
    .map(([name, fields]) => {
      const given = Object.entries(fields).map(([path, one]) => [path, operand ?? one] as const);
      return [name, Object.fromEntries(given)] as const;
    });
  if (additions.length === 0) return false;
  return (await again.inPlace(withOperators(operation, Object.fromEntries(additions)))).code === TYPE_MISMATCH;
}

const TYPE_MISMATCH = 14;

/** Whether a field that an update adds to is a truth in a document that it finds. */
export async function addsToTruth(again: EngineAgain, operation: Operation): Promise<boolean> {
  const paths = ['$inc', '$mul'].flatMap((name) => Object.keys(updateOf(operation)[name] ?? {}));
  const isTruth = { $or: paths.map((path) => ({ [path]: { $type: 'bool' } })) };
  if (paths.length === 0) return false;
  const { documents } = await again.over(again.before, [{ $match: queryOf(operation) }, { $match: isTruth }]);
  // An upsert begins with what its query equals.
  const seed = queryOf(operation);
  return (documents?.length ?? 0) > 0 || (isUpsert(operation) && paths.some((path) => isEqualToTruth(seed[path])));
}

/** Whether a condition holds for a truth alone: itself, or the only one of a list. */
function isEqualToTruth(condition: unknown): boolean {
  if (typeof condition === 'boolean') return true;
  if (typeof condition !== 'object' || condition === null) return false;
  const { $eq, $in, $all } = condition as Document;
  const values: readonly unknown[] = Array.isArray($in) ? $in : Array.isArray($all) ? $all : [$eq];
  return values.length === 1 && typeof values[0] === 'boolean';
}

/** Whether an update makes a document where it finds none. */
export function isUpsert({ command }: Operation): boolean {
  const [statement] = (command['updates'] ?? []) as readonly { readonly upsert?: unknown }[];
  return statement?.upsert === true;
}

/** Whether the engine upserts what the sandbox did where nothing is found and the query says nothing of `$elemMatch`. */
export async function upsertsWithoutElemMatch(
  again: EngineAgain,
  { operation, sandbox }: Difference,
): Promise<boolean> {
  const [statement] = (operation.command['updates'] ?? []) as readonly Document[];
  const entries = Object.entries(queryOf(operation));
  const others = entries.filter(([, condition]) => !shown(condition).includes('"$elemMatch"'));
  if (statement === undefined || others.length === entries.length) return false;
  const q = { ...Object.fromEntries(others), $nor: [{}] };
  const command = { ...operation.command, updates: [{ ...statement, q }] };
  return (await again.inPlace({ ...operation, command })).text === sandbox.text;
}

/** What an operation looks for. */
export function queryOf({ command }: Operation): Document {
  const statements = (command['updates'] ?? command['deletes'] ?? []) as readonly { readonly q: Document }[];
  return (
    statements[0]?.q ?? (command['query'] as Document | undefined) ?? (command['filter'] as Document | undefined) ?? {}
  );
}

/** How many of the documents that there were the engine has changed, each compared after `normal`; an upsert is none. */
export async function changedBy(
  again: EngineAgain,
  operation: Operation,
  normal: (line: string) => string,
): Promise<number> {
  const after = new Set((await heldAfter(again, operation)).map((document) => normal(shown(document))));
  return again.before.filter((document) => !after.has(normal(shown(document)))).length;
}

/** Whether the sandbox did of an update what the engine does of it without the `$unset` of fields of lists, document by document. */
export async function doesWithoutUnset(again: EngineAgain, { operation, sandbox }: Difference): Promise<boolean> {
  const { $unset: _unset, ...others } = updateOf(operation);
  const withoutUnset = withOperators(operation, others);
  const isNothing = Object.keys(others).length === 0;
  if (operation.kind !== 'update') return isNothing || (await again.inPlace(withoutUnset)).text === sandbox.text;
  const { documents } = await again.over(again.before, [{ $match: queryOf(operation) }]);
  if (documents?.length === 0 && isUpsert(operation))
    return isNothing
      ? sandbox.text === shown({ n: 1, nModified: 0, refused: [] })
      : (await again.inPlace(withoutUnset)).text === sandbox.text;
  let modified = 0;
  for (const document of documents ?? []) {
    const only = { q: { _id: document['_id'] as unknown }, multi: false };
    const statement = (u: unknown): Operation => ({
      kind: 'update',
      command: { update: '', updates: [{ ...only, u }] },
    });
    // By what they hold: the engine counts what it leaves as it is as modified.
    const isChanged = async (): Promise<boolean> => !(await again.held()).some((one) => shown(one) === shown(document));
    const whole = await again.inPlace(statement(updateOf(operation)));
    if (whole.code !== null && !isNothing) await again.inPlace(statement(others));
    if ((whole.code === null || !isNothing) && (await isChanged())) modified += 1;
  }
  return sandbox.text === shown({ n: documents?.length ?? -1, nModified: modified, refused: [] });
}

/** Whether the sandbox found as many documents as the engine finds by one condition of the filter after the other. */
export async function findsByParts(again: EngineAgain, { operation, sandbox }: Difference): Promise<boolean> {
  const parts = Object.entries(queryOf(operation)).map(([name, condition]: [string, unknown]) => ({
    $match: { [name]: condition },
  }));
  if (parts.length < 2) return false;
  const { documents } = await again.over(again.before, parts);
  if (documents === null) return false;
  const count = /^\{"n":\{"\$numberInt":"(\d+)"\}/.exec(sandbox.text)?.[1];
  if (count !== undefined) return Number(count) === documents.length;
  const { sort, skip, limit, projection } = operation.command;
  if (operation.kind !== 'find' || Number(skip) > 0 || Number(limit) > 0 || projection !== undefined) return false;
  const sorted = await again.over(documents, [{ $sort: sort }]);
  return sorted.documents?.map(shown).join('\n') === sandbox.text;
}

/** A text in which equal numbers are the same, whatever their types, and others are not: those beyond 2^53 digit by digit. */
export function withEqualNumbers(text: string): string {
  return text.replaceAll(/\{"\$number\w+":"([^"]*)"\}/g, (_whole, digits: string) => {
    const whole = /^(-?\d+)(?:\.0+)?$/.exec(digits)?.[1];
    return whole === undefined ? String(Number(digits)) : String(BigInt(whole));
  });
}
