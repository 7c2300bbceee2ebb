import { setTimeout as delay } from 'node:timers/promises';
import { EJSON } from 'bson';
import fc from 'fast-check';
import type { Db } from 'mongodb';
import { DEVIATIONS, type Difference } from './deviations.ts';
import { CASES, INDEX_SETS, WORLDS, type Case, type Operation } from './operations.ts';
import { contents, makeWorld, prepare, run, type Outcome } from './outcome.ts';

/** Both servers. */
export interface Pair {
  readonly sandbox: Db;
  readonly engine: Db;
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
export async function makeWorlds({ sandbox, engine }: Pair, seed: number): Promise<void> {
  const sets = fc.sample(INDEX_SETS, { numRuns: WORLDS, seed });
  for (const db of [sandbox, engine]) {
    await db.dropDatabase();
    for (const [world, indexes] of sets.entries()) await makeWorld(db, world, indexes);
  }
}

/** Runs random cases on both servers; the first unexplained difference ends it, and is shrunk. */
export async function compareCases(
  pair: Pair,
  { seed, cases, explained }: { readonly seed: number; readonly cases: number; readonly explained: Explained },
): Promise<Comparison> {
  let operations = 0;
  const property = fc.asyncProperty(CASES, async (given) => {
    const difference = await compareCase(pair, given, explained, (more) => (operations += more));
    if (difference !== null) throw new Error(shown(difference));
  });
  const result = await fc.check(property, { seed, numRuns: cases, interruptAfterTimeLimit: SHRINK_MS_MAX });
  if (!result.failed || result.counterexample === null) return { operations, failure: null };
  const [smallest] = result.counterexample;
  const reason = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return { operations, failure: `seed ${seed}, documents ${EJSON.stringify(smallest.documents)}\n${reason}` };
}

/** Shrinking asks both servers again and again. */
const SHRINK_MS_MAX = 10 * 60 * 1000;

/** What the DocumentDB engine answers when one of its processes has crashed, until all of them are back. */
const CRASHED =
  /recovery mode|not yet accepting|starting up|shutting down|terminat|server closed|Connection (closed|terminated)|timed out|ECONN/i;
/** The name under which cases are counted that the engine crashed in. */
export const CRASHES = 'cases that the engine crashed in, which compare nothing';
const RESTART_PAUSE_MS = 500;

class EngineCrash extends Error {}

function refuseCrash(outcome: Outcome): void {
  if (outcome.code !== null && CRASHED.test(outcome.message)) throw new EngineCrash(outcome.message);
}

/** Waits until the engine answers again. */
async function restarted({ engine }: Pair): Promise<void> {
  for (;;) {
    const { code, message } = await contents(engine, 0);
    if (code === null || !CRASHED.test(message)) return;
    await delay(RESTART_PAUSE_MS);
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
    if (!(cause instanceof EngineCrash)) throw cause;
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
  if (sandbox.text !== engine.text)
    return unlessExplained({ operation: insert, documents, sandbox, engine }, explained);
  for (const operation of given.operations) {
    count();
    const difference = await compareOne(pair, given.world, operation);
    if (difference !== null) return unlessExplained({ ...difference, documents }, explained);
  }
  return null;
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

function unlessExplained(difference: Difference, explained: Explained): Difference | null {
  const deviation = DEVIATIONS.find((one) => one.explains(difference));
  if (deviation === undefined) return difference;
  explained.set(deviation.name, (explained.get(deviation.name) ?? 0) + 1);
  return null;
}

function shown({ operation, sandbox, engine }: Difference): string {
  return [
    `${operation.kind}: ${EJSON.stringify(operation.command)}`,
    `  the sandbox: ${sandbox.text} ${sandbox.message}`,
    `  the engine:  ${engine.text} ${engine.message}`,
  ].join('\n');
}
