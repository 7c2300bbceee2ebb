import { ok } from '#domain/result.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '#domain/retry-policy.ts';
import type { PolicySource } from '#store/ports.ts';

/** A policy that is in force whatever the server says; the one that the program brings unless told. */
export function fixedPolicy(policy: RetryPolicy = DEFAULT_RETRY_POLICY): PolicySource {
  return { inForce: () => Promise.resolve(ok(policy)) };
}
