import type { Db } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { policyInForce, policyVersionSchema, type PolicyVersion } from '#domain/policy-version.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import type { PolicySource } from './ports.ts';
import { VersionLog } from './version-log.ts';

/** The versions of the retry policy (`retry_policies`). */
export class PolicyStore extends VersionLog<PolicyVersion> implements PolicySource {
  constructor(db: Db) {
    super(db, 'retry_policies', policyVersionSchema);
  }

  async inForce(): Promise<Result<RetryPolicy, AppError>> {
    const highest = await this.highest();
    return highest.ok ? ok(policyInForce(highest.value)) : highest;
  }
}
