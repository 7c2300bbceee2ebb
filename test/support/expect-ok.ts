import type { Result } from '#domain/result.ts';

/** The value of a result that a test takes for granted; a failure fails the test with the whole error. */
export function expectOk<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`);
  return result.value;
}
