import type { Db } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import {
  NO_REDACTION,
  redactionVersionSchema,
  type RedactionRules,
  type RedactionVersion,
} from '#domain/redaction/redaction-rule.ts';
import { ok, type Result } from '#domain/result.ts';
import { VersionLog } from './version-log.ts';

/** The versions of the redaction rules (`redaction_rules`). */
export class RedactionStore extends VersionLog<RedactionVersion> {
  constructor(db: Db) {
    super(db, 'redaction_rules', redactionVersionSchema);
  }

  async inForce(): Promise<Result<RedactionRules, AppError>> {
    const highest = await this.highest();
    return highest.ok ? ok(highest.value ?? NO_REDACTION) : highest;
  }
}
