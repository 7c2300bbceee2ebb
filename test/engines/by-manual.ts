import { EJSON } from 'bson';
import type { Document } from 'mongodb';
import {
  DEVIATIONS,
  hasDoubles,
  PLAIN_DECIMALS,
  sorted,
  withoutNumberTypes,
  withoutPushed,
  withoutWays,
  withPlainDecimals,
  type Difference,
} from './deviations.ts';
import { isUpsert } from './borne-out.ts';
import type { EngineAgain } from './engine-again.ts';
import { updateOf } from './field-order.ts';
import { ENDS_OF_ORDER, IN_BY_VALUE, NOT_OF_IN, plainFilter } from './filters.ts';
import { Manual, RULES } from './manual.ts';
import type { Operation } from './operations.ts';
import { hasOrder, shown, textOfDocuments, textOfUpdate, type Documents, type Outcome } from './outcome.ts';

const COUNT = {
  name: 'a count of everything is estimated',
  rule: 'A count without a query gives the number of documents; only orphans of shards and unclean shutdowns make it inexact.',
  page: 'reference/command/count',
};
const ORDER_OF_REFUSALS = {
  name: 'another of several wrong expressions is told',
  rule: 'Which of several errors in one pipeline is told follows from the order of evaluation, which the manual leaves open.',
  page: 'core/aggregation-pipeline',
};
const EXACT_SUMS = {
  name: 'a sum beyond the whole numbers of a double is rounded at each step',
  rule: '$sum of whole numbers that exceed a long, or of some that are doubles, is a double; the server adds exactly, also for $avg, and rounds once.',
  page: 'reference/operator/aggregation/sum',
};
const NOT_ATOMIC = {
  name: 'a refused statement is taken back whole',
  rule: 'If an error occurs after some documents were updated, those stay updated: an updateMany is not atomic.',
  page: 'reference/method/db.collection.updateMany',
};

const ORDER_OF_FIELDS = {
  name: 'another of several refusals of an update is told',
  rule: 'Update operators process document fields with string-based names in lexicographic order; documents come in any order.',
  page: 'reference/operator/update',
};

/** All that {@link explainedByManual} may name. */
export const MANUAL_RULES = [
  ...Object.values(RULES),
  COUNT,
  ORDER_OF_REFUSALS,
  EXACT_SUMS,
  NOT_ATOMIC,
  ORDER_OF_FIELDS,
  NOT_OF_IN,
  IN_BY_VALUE,
  ENDS_OF_ORDER,
];

/**
 * Reckons what MongoDB answers by the rules of its manual that the engine does not keep.
 * @returns the rule that the engine broke, or null where the sandbox did not say exactly what was reckoned
 */
export async function explainedByManual(difference: Difference, again: EngineAgain): Promise<string | null> {
  const notes: string[] = [];
  const manual = new Manual(again, (name) => notes.push(name));
  const { operation, sandbox } = difference;
  switch (operation.kind) {
    case 'aggregate':
    case 'find':
    case 'count': {
      const documents = await manual.pipeline(again.before, stagesOf(operation));
      return named(documents, manual, notes, difference);
    }
    case 'pipelineUpdate':
      return pipelineUpdate(manual, notes, again, difference);
    case 'update-contents':
      if (sandbox.wasRefused === true) return (await isPartlyDone(again, difference)) ? NOT_ATOMIC.name : null;
      return otherFilter(again, difference);
    case 'pipelineUpdate-contents':
      if (sandbox.wasRefused === true)
        return (await isPartlyReckoned(manual, again, difference)) ? NOT_ATOMIC.name : null;
      return pipelineUpdate(manual, notes, again, difference);
    case 'findAndModify':
    case 'findAndModify-contents': {
      const chosen = await otherOrder(manual, again, difference);
      if (chosen) return RULES.emptyList.name;
      return (await otherRefusal(again, difference)) ?? otherFilter(again, difference);
    }
    case 'update':
      return (await otherRefusal(again, difference)) ?? otherFilter(again, difference);
    default:
      return otherFilter(again, difference);
  }
}

/** Whether the engine does as the sandbox where it is told which document comes first, or else what it is known to do. */
async function otherOrder(manual: Manual, again: EngineAgain, difference: Difference): Promise<boolean> {
  const { operation, sandbox } = difference;
  const { query, sort } = operation.command;
  const found = await manual.pipeline(again.before, [{ $match: query }, { $sort: sort }, { $limit: 1 }]);
  const [first] = found.documents ?? [];
  if (first === undefined) return false;
  const command = { ...operation.command, query: { $and: [{ _id: first['_id'] as unknown }, query] } };
  const asked = { ...operation, command };
  const engine = await again.inPlace(asked);
  if (engine.text !== '' && sorted(engine.text) === sorted(sandbox.text)) return true;
  return isKnown({ ...difference, operation: asked, engine }, again);
}

/** Whether what is left between both is a known deviation. */
async function isKnown(difference: Difference, again: EngineAgain): Promise<boolean> {
  for (const { explains } of DEVIATIONS) if (await explains(difference, again)) return true;
  return false;
}

/** The rule by which the engine refuses one document, or what an upsert begins with, with the sandbox's code where it is given the fields of the update in the order of their names. */
async function otherRefusal(again: EngineAgain, { operation, sandbox, engine }: Difference): Promise<string | null> {
  if (sandbox.code === null || engine.code === null) return null;
  const notes: string[] = [];
  const { command } = operation;
  const given = (command['query'] ?? statementOf(operation).q) as Document;
  const q = plainFilter(given, (name) => notes.push(name));
  const parts = Object.entries(updateOf(operation))
    .flatMap(([operator, fields]) => Object.entries(fields).map(([path, operand]) => ({ operator, path, operand })))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
  if (parts.length < 2 && again.before.length < 2) return null;
  const name = notes[0] ?? ORDER_OF_FIELDS.name;
  const isSeed = isUpsert({ kind: '', command }) && (await again.finds({ kind: '', command })) === 0;
  const selections = isSeed
    ? [{ q: given, upsert: true }]
    : again.before.map((document) => ({ q: { $and: [{ _id: document['_id'] as unknown }, q] } }));
  for (const selection of selections)
    for (const { operator, path, operand } of parts) {
      const updates = [{ ...selection, u: { [operator]: { [path]: operand } } }];
      const asked = { kind: 'update', command: { update: '', updates } };
      const outcome = await again.inPlace(asked);
      if (outcome.code === sandbox.code) return name;
      // What the engine makes of this field alone is known to be wrong.
      if (await isKnown({ operation: asked, documents: '', sandbox, engine: outcome }, again)) return name;
      // A field of a list, which the engine refuses to take away, is passed over.
      if (operator === '$unset' && outcome.code === PATH_NOT_VIABLE) continue;
      if (outcome.code !== null) break;
    }
  return null;
}

const PATH_NOT_VIABLE = 28;

function stagesOf({ kind, command }: Operation): readonly Document[] {
  if (kind === 'aggregate') return command['pipeline'] as Document[];
  if (kind === 'count') return [{ $match: command['query'] }];
  const { filter, sort, skip, limit, projection } = command;
  return [
    { $match: filter },
    { $sort: sort },
    ...(Number(skip) > 0 ? [{ $skip: skip }] : []),
    ...(Number(limit) > 0 ? [{ $limit: limit }] : []),
    ...(projection === undefined ? [] : [{ $project: projection }]),
  ];
}

function named(
  result: Documents,
  { refusals, before }: Manual,
  notes: readonly string[],
  { operation, sandbox, engine }: Difference,
): string | null {
  if (result.documents === null) {
    if (sandbox.code === null || !(sandbox.code === result.code || refusals.all.has(sandbox.code))) return null;
    return engine.code === null ? RULES.fused.name : ORDER_OF_REFUSALS.name;
  }
  if (sandbox.code !== null) return refusals.ofConstants.has(sandbox.code) ? RULES.constants.name : null;
  if (operation.kind === 'count')
    return sandbox.text === textOfUpdate(result.documents.length, 0) ? (notes[0] ?? COUNT.name) : null;
  const text = textOfDocuments(result.documents, hasOrder(operation.command));
  if (text === sandbox.text) return notes[0] ?? RULES.fused.name;
  // What the engine makes of decimals it makes of them also where it is asked for each expression alone.
  if (hasDoubles(operation, before) && withPlainDecimals(text) === withPlainDecimals(sandbox.text))
    return PLAIN_DECIMALS.name;
  return isRoundedSum(operation, text, sandbox.text) ? EXACT_SUMS.name : null;
}

/** Whether two answers to a command that sums or takes a mean are the same but for the last digits of doubles beyond 2^53. */
function isRoundedSum({ command }: Operation, one: string, other: string): boolean {
  return /"\$(sum|avg)"/.test(EJSON.stringify(command)) && withNearDoubles(one) === withNearDoubles(other);
}

/** Doubles of sixteen digits and more to fourteen. */
function withNearDoubles(text: string): string {
  return text.replaceAll(/\{"\$numberDouble":"(-?\d{16,})\.0"\}/g, (_whole, digits: string) =>
    Number(digits).toPrecision(14),
  );
}

interface Statement {
  readonly q: Document;
  readonly u: unknown;
}

function statementOf({ command }: Operation): Statement {
  return (command['updates'] as readonly Statement[])[0] ?? { q: {}, u: {} };
}

async function pipelineUpdate(
  manual: Manual,
  notes: readonly string[],
  again: EngineAgain,
  difference: Difference,
): Promise<string | null> {
  const { q, u } = statementOf(difference.operation);
  const matched = await manual.pipeline(again.before, [{ $match: q }]);
  if (matched.documents === null) return null;
  const result = await manual.pipeline(matched.documents, u as Document[]);
  if (result.documents === null) return named(result, manual, notes, difference);
  const before = matched.documents.map(shown);
  const changed = result.documents.filter((document, at) => shown(document) !== before[at]);
  // By the ids themselves: those of what was upserted are all shown alike.
  const idOf = (document: Document): string => EJSON.stringify(document['_id'], { relaxed: false });
  const now = new Map(result.documents.map((document) => [idOf(document), document]));
  const isContents = difference.operation.kind.endsWith('-contents');
  const text = isContents
    ? textOfDocuments(
        again.before.map((document) => now.get(idOf(document)) ?? document),
        true,
      )
    : textOfUpdate(before.length, changed.length);
  const { sandbox, operation } = difference;
  if (text === sandbox.text) return notes[0] ?? RULES.expression.name;
  return isRoundedSum(operation, text, sandbox.text) ? EXACT_SUMS.name : null;
}

/** Whether each document is as it was or as the statement alone makes it, and one is among them that the statement refuses. */
async function isPartlyDone(again: EngineAgain, { operation, sandbox }: Difference): Promise<boolean> {
  const kind = operation.kind.replace('-contents', '');
  const statement = statementOf(operation);
  // New fields come in another order, and lists that nothing is pushed to are not made, which are deviations of their own.
  const normal = (line: string): string => sorted(withoutPushed(line, operation));
  const lines = new Set(sandbox.text.split('\n').map(normal));
  if (lines.size !== again.before.length) return false;
  const equalNumbers = new Set([...lines].map(withoutNumberTypes));
  const q = plainFilter(statement.q, () => undefined);
  let isRefused = false;
  for (const document of again.before) {
    const found = { $and: [{ _id: document['_id'] as unknown }, q] };
    const ask = (u: unknown): Promise<Outcome> =>
      again.inPlace({ kind, command: { update: '', updates: [{ q: found, u }] } });
    let outcome = await ask(statement.u);
    if (outcome.code === PATH_NOT_VIABLE && '$unset' in updateOf(operation))
      outcome = await ask(await withoutVainUnset(operation, async (u) => (await ask(u)).code === PATH_NOT_VIABLE));
    isRefused ||= outcome.code !== null;
    if (lines.has(normal(shown(document)))) continue;
    const now = (await again.contents()).text.split('\n');
    const made = now.find((line) => !again.before.some((one) => shown(one) === line));
    // What equals the value that stands there is not written by the engine, also where its type is another, as of `$mul` by a decimal.
    if (made === undefined && outcome.code === null && equalNumbers.has(withoutNumberTypes(normal(shown(document)))))
      continue;
    const after = made === undefined ? null : normal(withoutWays(made, sandbox.text, operation));
    const isAsMade = after !== null && (lines.has(after) || equalNumbers.has(withoutNumberTypes(after)));
    if (outcome.code !== null || !isAsMade) return false;
  }
  return isRefused;
}

/** The operators of an update without those fields of its `$unset` that the engine refuses by themselves: fields of lists, which it ought to pass over. */
async function withoutVainUnset(
  operation: Operation,
  isRefusedAlone: (u: Document) => Promise<boolean>,
): Promise<Document> {
  const { $unset: taken = {}, ...others } = updateOf(operation);
  const left: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(taken))
    if (!(await isRefusedAlone({ $unset: { [path]: value } }))) left[path] = value;
  return Object.keys(left).length === 0 ? others : { ...others, $unset: left };
}

/** {@link isPartlyDone} of an update by a pipeline, each document of which is reckoned by the manual. */
async function isPartlyReckoned(
  manual: Manual,
  again: EngineAgain,
  { operation, sandbox }: Difference,
): Promise<boolean> {
  const { q, u } = statementOf(operation);
  const lines = new Set(sandbox.text.split('\n'));
  if (lines.size !== again.before.length) return false;
  let isRefused = false;
  for (const document of again.before) {
    const matched = await manual.pipeline([document], [{ $match: q }]);
    const isFound = (matched.documents ?? []).length > 0;
    const result = isFound ? await manual.pipeline([document], u as Document[]) : null;
    isRefused ||= result !== null && result.documents === null;
    const after = result?.documents?.[0] ?? document;
    if (!lines.has(shown(document)) && !lines.has(shown(after))) return false;
  }
  return isRefused;
}

/** Asks with a filter that means the same. */
async function otherFilter(again: EngineAgain, difference: Difference): Promise<string | null> {
  const { operation, sandbox } = difference;
  const notes: string[] = [];
  const plain = (filter: unknown): Document => plainFilter(filter as Document, (name) => notes.push(name));
  const { command } = operation;
  const statements = (command['updates'] ?? command['deletes']) as readonly Document[] | undefined;
  const [first] = statements ?? [];
  const asked =
    first === undefined
      ? { ...command, query: plain(command['query'] ?? {}) }
      : { ...command, ['updates' in command ? 'updates' : 'deletes']: [{ ...first, q: plain(first['q']) }] };
  const [name] = notes;
  if (name === undefined) return null;
  const plainly = { ...operation, command: asked };
  const engine = await again.inPlace(plainly);
  if (engine.text === sandbox.text) return name;
  return (await isKnown({ ...difference, operation: plainly, engine }, again)) ? name : null;
}
