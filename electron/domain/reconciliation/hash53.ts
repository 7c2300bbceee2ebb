/**
 * Hashes of 53 bits, kept in one number so that a column of them is a `Float64Array`. They find rows and show changes; they
 * are no proof against somebody who wants a collision: that is what the SHA-256 chain of the closed periods is for.
 */

const TWO_32 = 4_294_967_296;

/** Hashes a text by its UTF-16 code units (two murmur-like lanes of 32 bits). */
export function hashText(text: string): number {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  return finish(high ^ text.length, low);
}

/** A hash that depends on both numbers and their order. `value` is any finite number up to 2^53 in size. */
export function mixNumber(hash: number, value: number): number {
  const size = Math.abs(value);
  const high = Math.imul((hash / TWO_32) ^ (size / TWO_32) ^ (value < 0 ? 0x5bd1e995 : 0), 2_246_822_507);
  const low = Math.imul((hash >>> 0) ^ (size >>> 0) ^ high, 3_266_489_909);
  return finish(high ^ Math.imul(size >>> 0, 1_597_334_677), low ^ (high >>> 15));
}

function finish(high: number, low: number): number {
  let first = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  let second = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(first ^ (first >>> 13), 3_266_489_909);
  first ^= second >>> 11;
  second ^= first >>> 7;
  return (first & 0x1fffff) * TWO_32 + (second >>> 0);
}
