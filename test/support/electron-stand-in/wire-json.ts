import { STAND_IN } from './refusing.ts';

/**
 * The text of a value that goes to a page. Electron clones, the stand-in writes JSON; what JSON would change on its way is
 * refused, so that nothing behaves differently in silence. Properties that are `undefined` are left out by both.
 */
export function toWireJson(value: unknown): string {
  return JSON.stringify(value, function replace(this: unknown, key: string, item: unknown) {
    // JSON turns a date into text before it asks; the holder still has what it was.
    const original: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : item;
    if (typeof original === 'bigint' || typeof original === 'function' || typeof original === 'symbol') {
      throw new TypeError(`${STAND_IN}: a ${typeof original} cannot be sent to a page.`);
    }
    if (typeof original === 'object' && original !== null && !isPlain(original)) {
      throw new TypeError(`${STAND_IN}: a ${original.constructor.name} cannot be sent to a page; send plain values.`);
    }
    return item;
  });
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
