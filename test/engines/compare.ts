import { setTimeout as delay } from 'node:timers/promises';
import { EJSON } from 'bson';
import fc from 'fast-check';
import type { Db, Document } from 'mongodb';
import { explainedByManual } from './by-manual.ts';
import { DEVIATIONS, type Difference } from './deviations.ts';
import { EngineAgain } from './engine-again.ts';
import { CASES, INDEX_SETS, WORLDS, type Case, type Operation } from './operations.ts';
import { contents, documentsOf, EngineCrash, isCrash, makeWorld, refuseCrash, prepare, run } from './outcome.ts';
import { PLAIN_ZEROS, withPlainZeros } from './zeros.ts';

/** Both servers. */
export interface Pair {
  readonly sandbox: Db;
  readonly engine: Db;
  /** Makes the collections anew, after the engine came back without them. */
  readonly rebuild: () => Promise<void>;
  /** Starts the engine again; null where somebody else does. */
  readonly restart: (() => Promise<void>) | null;
  /** True where the engine is MongoDB itself: then nothing explains a difference. */
  readonly isReference: boolean;
}

/** How often each known deviation was met, by its name. */
export type Explained = Map<string, number>;

/** What a run of cases came to. */
export interface Comparison {
  readonly operations: number;
  /** The smallest case that shows an unexplained difference, with what was different; null where there is none. */
  readonly failure: string | null;
}

/** Commands after which the contents of the collection are compared too. */
const WRITES = new Set(['update', 'pipelineUpdate', 'delete', 'findAndModify']);

/** Makes the collections of a run on both servers: the same seed makes the same ones. */
export async function makeWorlds({ sandbox, engine }: Pick<Pair, 'sandbox' | 'engine'>, seed: number): Promise<void> {
  const sets = fc.sample(INDEX_SETS, { numRuns: WORLDS, seed });
  for (const db of [sandbox, engine]) {
    await db.dropDatabase();
    for (const [world, indexes] of sets.entries()) await makeWorld(db, world, indexes);
  }
}

/** Runs random cases on both servers; the first unexplained difference ends it, and is shrunk. */
export async function compareCases(
  pair: Pair,
  {
    seed,
    cases,
    explained,
    shrinks,
  }: { readonly seed: number; readonly cases: number; readonly explained: Explained; readonly shrinks: boolean },
): Promise<Comparison> {
  let operations = 0;
  const property = fc.asyncProperty(CASES, async (given) => {
    const difference = await compareCase(pair, given, explained, (more) => (operations += more));
    if (difference !== null) throw new Error(shown(difference));
  });
  const result = await fc.check(property, {
    seed,
    numRuns: cases,
    skipAllAfterTimeLimit: CASES_MS_MAX,
    endOnFailure: !shrinks,
  });
  if (!result.failed || result.counterexample === null) return { operations, failure: null };
  const [smallest] = result.counterexample;
  const reason = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return { operations, failure: `seed ${seed}, documents ${EJSON.stringify(smallest.documents)}\n${reason}` };
}

/** Shrinking asks both servers again and again. A case that has begun is not cut off: it would go on beside the next ones. */
const CASES_MS_MAX = 10 * 60 * 1000;

/** The name under which cases are counted that the engine crashed in. */
export const CRASHES = 'cases that the engine crashed in, which compare nothing';
const RESTART_PAUSE_MS = 500;

/** An engine that does not come back by itself within this time is started again, or given up. */
const ABSENCE_MS_MAX = 60_000;

/** Waits until the engine answers again, and makes again what it may have lost. Throws where it stays away. */
async function restarted(pair: Pair): Promise<void> {
  const { engine, restart, rebuild } = pair;
  const isBack = async (): Promise<boolean> => {
    const { code, message } = await contents(engine, 0);
    return code === null || !isCrash(message);
  };
  const waited = async (): Promise<boolean> => {
    for (const start = Date.now(); Date.now() < start + ABSENCE_MS_MAX; await delay(RESTART_PAUSE_MS))
      if (await isBack()) return true;
    return false;
  };
  if (!(await waited())) {
    await restart?.();
    if (!(await waited())) throw new Error('The engine crashed and stays away.');
  }
  try {
    await rebuild();
  } catch (cause) {
    // It crashed again meanwhile.
    if (!isCrash(String(cause))) throw cause;
    await restarted(pair);
  }
}

/**
 * @returns the first difference that nothing explains. One that is explained ends the case: what follows builds on it. A case in
 *   which the engine crashes is counted apart, and none of its operations.
 */
async function compareCase(
  pair: Pair,
  given: Case,
  explained: Explained,
  count: (operations: number) => void,
): Promise<Difference | null> {
  let operations = 0;
  try {
    const difference = await differenceIn(pair, given, explained, () => (operations += 1));
    count(operations);
    return difference;
  } catch (cause) {
    if (!(cause instanceof EngineCrash) && !isCrash(String(cause))) throw cause;
    explained.set(CRASHES, (explained.get(CRASHES) ?? 0) + 1);
    await restarted(pair);
    return null;
  }
}

async function differenceIn(
  pair: Pair,
  given: Case,
  explained: Explained,
  count: () => void,
): Promise<Difference | null> {
  const [sandbox, engine] = await Promise.all([prepare(pair.sandbox, given), prepare(pair.engine, given)]);
  refuseCrash(engine);
  const insert = { kind: 'insert', command: {} };
  const documents = EJSON.stringify(given.documents);
  if (sandbox.text !== engine.text) {
    const again = new EngineAgain(pair.engine, given.world, given.documents);
    return unlessExplained(pair, { operation: insert, documents, sandbox, engine }, again, explained);
  }
  for (const operation of given.operations) {
    count();
    // What a write begins with is gone after it.
    const before = WRITES.has(operation.kind) ? await held(pair, given.world) : null;
    const difference = await compareOne(pair, given.world, operation);
    if (difference === null) continue;
    const again = new EngineAgain(pair.engine, given.world, before ?? (await held(pair, given.world)));
    return unlessExplained(pair, { ...difference, documents }, again, explained);
  }
  return null;
}

async function held({ engine }: Pair, world: number): Promise<readonly Document[]> {
  const { documents, code } = await documentsOf(engine, world, [{ $sort: { _id: 1 } }]);
  if (documents === null) throw new EngineCrash(`The engine refuses to show what it holds: ${code}.`);
  return documents;
}

async function compareOne(
  { sandbox, engine }: Pair,
  world: number,
  operation: Operation,
): Promise<Omit<Difference, 'documents'> | null> {
  const [ours, theirs] = await Promise.all([run(sandbox, world, operation), run(engine, world, operation)]);
  refuseCrash(theirs);
  if (ours.text !== theirs.text) return { operation, sandbox: ours, engine: theirs };
  if (!WRITES.has(operation.kind)) return null;
  const [now, then] = await Promise.all([contents(sandbox, world), contents(engine, world)]);
  refuseCrash(then);
  if (now.text === then.text) return null;
  const wasRefused = ours.code !== null;
  return {
    operation: { kind: `${operation.kind}-contents`, command: operation.command },
    sandbox: { ...now, wasRefused },
    engine: { ...then, wasRefused },
  };
}

async function unlessExplained(
  { isReference }: Pair,
  difference: Difference,
  again: EngineAgain,
  explained: Explained,
): Promise<Difference | null> {
  if (isReference) return difference;
  const name = (await explainedByManual(difference, again)) ?? (await deviationOf(difference, again));
  if (name === null) return difference;
  explained.set(name, (explained.get(name) ?? 0) + 1);
  return null;
}

/** The name of the deviation that explains a difference; null where it has to be looked up. */
export async function deviationOf(difference: Difference, again: EngineAgain): Promise<string | null> {
  const name = await oneDeviationOf(difference, again);
  const plain = name === null ? await withPlainZeros(difference, again) : null;
  if (plain === null) return name;
  const isExplained = plain.sandbox.text === plain.engine.text || (await oneDeviationOf(plain, again)) !== null;
  return isExplained ? PLAIN_ZEROS.name : null;
}

async function oneDeviationOf(difference: Difference, again: EngineAgain): Promise<string | null> {
  for (const { name, explains } of DEVIATIONS) if (await explains(difference, again)) return name;
  return null;
}

function shown({ operation, sandbox, engine }: Difference): string {
  return [
    `${operation.kind}: ${EJSON.stringify(operation.command)}`,
    `  the sandbox: ${sandbox.text} ${sandbox.message}`,
    `  the engine:  ${engine.text} ${engine.message}`,
  ].join('\n');
}
