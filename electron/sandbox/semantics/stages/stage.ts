import { refuse } from '../expressions/refusal.ts';
import type { Doc } from '../values.ts';
import type { Spill } from './memory.ts';

/** What stages may use besides their input. */
export interface StageContext {
  readonly variables: Doc;
  /** The documents of another collection, in working form. */
  readonly collection: (name: string) => Iterable<Doc>;
  /** Those documents of another collection that a filter (working form) finds, by an index where there is one. */
  readonly matching: (name: string, filter: Doc) => Iterable<Doc>;
  /** Runs stages over documents. */
  readonly run: (stages: readonly Doc[], input: Iterable<Doc>, variables: Doc) => Iterable<Doc>;
  /** False where stages may not use more memory than MongoDB allows without the disk. */
  readonly allowDiskUse: boolean;
  /** Where stages put what does not fit in memory. */
  readonly spill: Spill;
}

/** A stage: documents in working form in, documents out, as they are taken. */
export type Stage = (input: Iterable<Doc>) => Iterable<Doc>;
/** Makes a stage of what stands behind its name; throws `ServerError` for what MongoDB refuses before it reads anything. */
export type CompileStage = (operand: unknown, context: StageContext) => Stage;

/** Each document changed. */
export function* mapped(input: Iterable<Doc>, change: (document: Doc) => Doc): Generator<Doc> {
  for (const document of input) yield change(document);
}

/** Errors: 40415 for an option that a stage does not have, 40414 for one that it needs. */
export function checkOptions(
  name: string,
  given: Doc,
  { known, required }: { readonly known: readonly string[]; readonly required: readonly string[] },
): void {
  const unknown = Object.keys(given).find((option) => !known.includes(option));
  if (unknown !== undefined) throw refuse(40_415, `BSON field '${name}.${unknown}' is an unknown field.`);
  const missing = required.find((option) => given[option] === undefined);
  if (missing !== undefined) throw refuse(40_414, `BSON field '${name}.${missing}' is missing but a required field`);
}
