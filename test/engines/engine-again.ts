import type { Db, Document } from 'mongodb';
import type { Operation } from './operations.ts';
import { contents, documentsOf, indexesOf, refuseCrash, run, type Documents, type Outcome } from './outcome.ts';

/** Asks the engine again, in another way, what a case asked it: an explanation is believed where the engine itself bears it out. */
export class EngineAgain {
  readonly #db: Db;
  readonly #world: number;
  readonly #before: readonly Document[];

  /** @param before what the collection held before the operation in question */
  constructor(db: Db, world: number, before: readonly Document[]) {
    this.#db = db;
    this.#world = world;
    this.#before = before;
  }

  /** What the collection held before the operation, in the order of ids. */
  get before(): readonly Document[] {
    return this.#before;
  }

  /** What the collection holds now. */
  contents(): Promise<Outcome> {
    return contents(this.#db, this.#world);
  }

  /** {@link contents} as documents. */
  async held(): Promise<readonly Document[]> {
    return (await documentsOf(this.#db, this.#world, [{ $sort: { _id: 1 } }])).documents ?? [];
  }

  /** The keys of all indexes of the collection. */
  async indexes(): Promise<readonly Document[]> {
    return (await indexesOf(this.#db, this.#world)).map(({ key }) => key as Document);
  }

  /** Runs a pipeline over these documents and nothing else. */
  over(documents: readonly Document[], pipeline: readonly Document[]): Promise<Documents> {
    return documentsOf(this.#db, null, [{ $documents: { $literal: documents } }, ...pipeline]);
  }

  /** How many documents the query of an update finds, of what the collection held before it. */
  async finds({ command }: Operation): Promise<number> {
    const [statement] = (command['updates'] ?? []) as readonly { readonly q: Document }[];
    const query = statement?.q ?? (command['query'] as Document);
    return (await this.over(this.#before, [{ $match: query }])).documents?.length ?? -1;
  }

  /** Runs another operation in place of the one in question, on what the collection held before it. */
  async inPlace(operation: Operation): Promise<Outcome> {
    const wipe = { delete: '', deletes: [{ q: {}, limit: 0 }] };
    await run(this.#db, this.#world, { kind: 'delete', command: wipe });
    if (this.#before.length > 0)
      await run(this.#db, this.#world, { kind: 'insert', command: { insert: '', documents: [...this.#before] } });
    const outcome = await run(this.#db, this.#world, operation);
    refuseCrash(outcome);
    return operation.kind.endsWith('-contents') ? this.contents() : outcome;
  }
}
