import type { Accumulator } from '../expressions/accumulators.ts';
import { scopeOf } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { isDoc, type Doc } from '../values.ts';
import { approximateBytes, type Spooled } from './memory.ts';
import type { Member, Window } from './window-bounds.ts';
import { ANEW, type Removable } from './window-removal.ts';

/** An accumulator, and what of a document it needs. */
export interface Gathering {
  readonly make: () => Accumulator;
  readonly held: (document: Doc) => Doc;
  /** Whether the accumulator itself holds all that it was given. */
  readonly isGrowing: boolean;
  /** What is taken back from where documents leave; null where it is reckoned anew from all that are left. */
  readonly removable: (() => Removable) | null;
}

interface Limits {
  readonly variables: Doc;
  readonly bytesMax: number;
}

/** What an accumulator makes of the window around each document of a partition. Error: 5414201 for a window that fits no memory. */
export function slide(
  window: Window,
  gathering: Gathering,
  limits: Limits,
): (partition: Spooled) => Generator<unknown> {
  return function* (partition) {
    const gathered = window.isGrowing ? new Growing(gathering, limits) : new Sliding(gathering, limits);
    const ahead = membersOf(partition, window);
    let next = ahead.next();
    for (const { member: current } of membersOf(partition, window)) {
      const { enters, leaves } = window.around(current);
      for (; next.done !== true && enters(next.value.member); next = ahead.next())
        gathered.enter(next.value.member, next.value.document);
      gathered.leave(leaves);
      yield gathered.value;
    }
  };
}

function* membersOf(
  partition: Spooled,
  { placeOf }: Window,
): Generator<{ readonly member: Member; readonly document: Doc }, undefined> {
  let at = 0;
  for (const document of partition.read()) {
    yield { member: { at, place: placeOf(document) }, document };
    at += 1;
  }
}

/** Nothing is held of what entered but what the accumulator makes of it. */
class Growing {
  readonly #accumulator: Accumulator;
  readonly #gathering: Gathering;
  readonly #variables: Doc;
  readonly #memory: HeldBytes;
  /** As long as nothing enters: the value of a whole partition is reckoned once. */
  #known: { readonly value: unknown } | null = null;

  constructor(gathering: Gathering, { variables, bytesMax }: Limits) {
    this.#gathering = gathering;
    this.#variables = variables;
    this.#memory = new HeldBytes(bytesMax);
    this.#accumulator = gathering.make();
  }

  enter(_member: Member, document: Doc): void {
    this.#known = null;
    const held = this.#gathering.held(document);
    if (this.#gathering.isGrowing) this.#memory.add(held);
    this.#accumulator.add(scopeOf(held, this.#variables));
  }

  leave(): void {
    // Nothing does.
  }

  get value(): unknown {
    this.#known ??= { value: copyOf(this.#accumulator.value) };
    return this.#known.value;
  }
}

/** The accumulator goes on with its own list. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])];
  return isDoc(value) ? { ...value } : value;
}

/** Holds what is in the window, and takes back what leaves it where that can be done without any difference. */
class Sliding {
  readonly #gathering: Gathering;
  readonly #limits: Limits;
  #members: Member[] = [];
  /** What of each of the members is held. */
  #held: Doc[] = [];
  #first = 0;
  readonly #memory: HeldBytes;
  readonly #removable: Removable | null;

  constructor(gathering: Gathering, limits: Limits) {
    this.#gathering = gathering;
    this.#limits = limits;
    this.#removable = gathering.removable?.() ?? null;
    this.#memory = new HeldBytes(limits.bytesMax);
  }

  enter(member: Member, document: Doc): void {
    const held = this.#gathering.held(document);
    this.#memory.add(held);
    this.#members.push(member);
    this.#held.push(held);
    this.#removable?.add(held['value']);
  }

  leave(leaves: (member: Member) => boolean): void {
    for (
      let first = this.#members[this.#first];
      first !== undefined && leaves(first);
      first = this.#members[this.#first]
    ) {
      const held = this.#held[this.#first];
      this.#memory.remove(held);
      this.#removable?.remove(held?.['value']);
      this.#first += 1;
    }
    if (this.#first < SPARE_MAX || this.#first * 2 < this.#members.length) return;
    this.#members = this.#members.slice(this.#first);
    this.#held = this.#held.slice(this.#first);
    this.#first = 0;
  }

  get value(): unknown {
    const known = this.#removable === null ? ANEW : this.#removable.value;
    if (known !== ANEW) return known;
    const accumulator = this.#gathering.make();
    for (let at = this.#first; at < this.#held.length; at += 1)
      accumulator.add(scopeOf(this.#held[at], this.#limits.variables));
    return accumulator.value;
  }
}

/** What a window holds, which no disk takes from it. */
class HeldBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Error: 5414201 above the limit. */
  add(held: unknown): void {
    this.#bytes += approximateBytes(held);
    if (this.#bytes > this.#bytesMax)
      throw refuse(5_414_201, `Exceeded memory limit in DocumentSourceSetWindowFields, used ${this.#bytes} bytes`);
  }

  remove(held: unknown): void {
    this.#bytes -= approximateBytes(held);
  }
}

/** So many places of what has left are kept before the list is made anew. */
const SPARE_MAX = 1000;
