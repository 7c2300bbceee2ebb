import type { Document } from 'mongodb';
import type { Difference } from './deviations.ts';
import { shown } from './outcome.ts';
import type { Operation } from './operations.ts';

/** The operators of an update with their fields. */
export function updateOf({ command }: Operation): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const [statement] = (command['updates'] ?? []) as readonly { readonly u: unknown }[];
  return Object(statement?.u ?? command['update']) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** All paths of an update, a renamed field's new name among them. */
export function pathsOf(operation: Operation): readonly string[] {
  return Object.entries(updateOf(operation)).flatMap(([name, fields]) =>
    Object.entries(fields).flatMap(([path, operand]) => (name === '$rename' ? [path, String(operand)] : [path])),
  );
}

const NEW_ID = '{"$oid":"new"}';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Whether the fields of all documents of the sandbox stand as the manual says: those that were there as they were, and behind them the
 * new ones in the order of their names. What an upsert made, and what a pipeline did, is not looked at.
 */
export function hasServersOrder({ operation, sandbox }: Difference, before: readonly Document[]): boolean {
  if (operation.kind.startsWith('pipelineUpdate')) return true;
  const known = new Map(before.map((document) => [shown(document['_id']), JSON.parse(shown(document)) as Fields]));
  const paths = new Set(pathsOf(operation));
  return sandbox.text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .every((line) => {
      const given = JSON.parse(line) as Fields;
      const document = fieldsIn(given['value']) ?? given;
      const old = known.get(JSON.stringify(document['_id']));
      // Documents that were upserted have ids of the servers' own, which are all shown as one.
      const isNew = JSON.stringify(document['_id']) === NEW_ID;
      return isNew || old === undefined || isInOrder(document, old, { prefix: '', paths });
    });
}

function isInOrder(
  after: Fields,
  before: Fields,
  { prefix, paths }: { readonly prefix: string; readonly paths: ReadonlySet<string> },
): boolean {
  // JavaScript puts these first, whatever order they came in.
  const names = Object.keys(after).filter((name) => !/^\d+$/.test(name));
  const old = Object.keys(before).filter((name) => names.includes(name));
  const added = names.filter((name) => !Object.hasOwn(before, name)).sort();
  if (names.join() !== [...old, ...added].join()) return false;
  return old.every((name) => {
    const [now, then] = [fieldsIn(after[name]), fieldsIn(before[name])];
    if (now === null || then === null || paths.has(prefix + name)) return true;
    return isInOrder(now, then, { prefix: `${prefix}${name}.`, paths });
  });
}

function fieldsIn(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}
