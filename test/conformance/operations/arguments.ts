import { ClientSession, type Document } from 'mongodb';
import { z } from 'zod';
import { concernsOf, type Entities } from '../entities.ts';
import { Mismatch } from '../mismatch.ts';
import { isDoc, type Doc } from '../doc.ts';

const RETURNED = ['before', 'after'] as const;

/** The arguments of one operation, each read as what the driver's method wants. */
export class Arguments {
  readonly entities: Entities;
  readonly #given: Doc;
  readonly #taken = new Set<string>();

  constructor(given: Doc | undefined, entities: Entities) {
    this.#given = given ?? {};
    this.entities = entities;
  }

  has(name: string): boolean {
    return this.#given[name] !== undefined;
  }

  /** An argument of any kind; it is no option any more. */
  take(name: string): unknown {
    this.#taken.add(name);
    return this.#given[name];
  }

  /** A document. Throws where it is none. */
  doc(name: string): Document {
    const value = this.take(name);
    if (!isDoc(value)) throw new Mismatch(`the argument '${name}' is no document`);
    return value;
  }

  /** A list of documents. Throws where it is none. */
  docs(name: string): Document[] {
    return z.array(z.custom<Document>(isDoc)).parse(this.take(name));
  }

  /** A document, or a list of them as a pipeline. Throws where it is neither. */
  update(name: string): Document | Document[] {
    return Array.isArray(this.#given[name]) ? this.docs(name) : this.doc(name);
  }

  text(name: string): string {
    return z.string(`the argument '${name}' is no text`).parse(this.take(name));
  }

  number(name: string): number {
    return z.number(`the argument '${name}' is no number`).parse(this.take(name));
  }

  /** Every argument that was not taken yet, as the driver's options: sessions and concerns as its own objects. */
  options(): Document {
    const { session, ...rest } = Object.fromEntries(
      Object.entries(this.#given).filter(([name]) => !this.#taken.has(name)),
    );
    const options = concernsOf(rest);
    const returned = options['returnDocument'];
    // The driver would take every other word for 'before'.
    if (returned !== undefined)
      options['returnDocument'] = z.enum(RETURNED).parse(z.string().parse(returned).toLowerCase());
    const { cursorType } = options;
    Reflect.deleteProperty(options, 'cursorType');
    if (cursorType === 'tailable' || cursorType === 'tailableAwait') options['tailable'] = true;
    if (cursorType === 'tailableAwait') options['awaitData'] = true;
    if (typeof session === 'string') options['session'] = this.entities.get(session, ClientSession);
    return options;
  }
}

/** One operation of the format on an object of the class `Target`. */
export type Perform<Target> = (target: Target, given: Arguments) => Promise<unknown>;
