import { EventEmitter } from 'node:events';

/** What every message of the stand-in begins with, so that nobody takes it for Electron. */
export const STAND_IN = 'Electron stand-in';

/** Writes one line to the log, named as what it is. */
export function say(line: string): void {
  process.stderr.write(`${STAND_IN}: ${line}\n`);
}

/** The error for whatever the stand-in does not have. */
export function refusal(what: string): Error {
  return new Error(`${STAND_IN}: ${what} is not part of it; this needs the real Electron.`);
}

/** Names that Node, promises and consoles look up on any object without meaning Electron's interface. */
const LOOKED_UP_BY_NODE = new Set([
  'then',
  'toJSON',
  'inspect',
  'constructor',
  'asymmetricMatch',
  'nodeType',
  '$$typeof',
]);

/**
 * The same object, except that reading a property which it does not have throws with a sentence that names it: what the
 * stand-in lacks shows at once and is never taken for an Electron that does nothing.
 */
export function refusing<Target extends object>(name: string, target: Target): Target {
  return new Proxy(target, {
    get(inner, key): unknown {
      const value: unknown = Reflect.get(inner, key, inner);
      if (value === undefined && typeof key === 'string' && !(key in inner) && !LOOKED_UP_BY_NODE.has(key)) {
        throw refusal(`${name}.${key}`);
      }
      // Private fields are found on the object itself, never through the proxy.
      return typeof value === 'function' && key !== 'constructor' ? value.bind(inner) : value;
    },
  });
}

/** A module of Electron's that the stand-in does not have at all. */
export function refusedModule(name: string): object {
  const refuse = (): never => {
    throw refusal(name);
  };
  return new Proxy(class {}, { get: refuse, set: refuse, construct: refuse, apply: refuse, has: refuse });
}

/** An emitter that refuses a listener for an event which the stand-in would never emit. */
export class StandInEmitter extends EventEmitter {
  readonly #name: string;
  readonly #events: ReadonlySet<string>;

  constructor(name: string, events: readonly string[]) {
    super();
    this.#name = name;
    this.#events = new Set(events);
  }

  override on(event: string, listener: (...args: never[]) => void): this {
    this.#check(event);
    return super.on(event, listener as (...args: unknown[]) => void);
  }

  override once(event: string, listener: (...args: never[]) => void): this {
    this.#check(event);
    return super.once(event, listener as (...args: unknown[]) => void);
  }

  #check(event: string): void {
    if (!this.#events.has(event)) throw refusal(`the event '${event}' of ${this.#name}`);
  }
}

/** An event whose default a listener may prevent, as Electron hands it to its listeners. */
export class PreventableEvent {
  #isPrevented = false;

  get defaultPrevented(): boolean {
    return this.#isPrevented;
  }

  preventDefault(): void {
    this.#isPrevented = true;
  }
}
