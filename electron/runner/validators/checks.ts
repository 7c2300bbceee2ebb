import type { Validation } from '#domain/job.ts';

/** One check by name, with what a person should know about its outcome. */
export type Check = Validation['checks'][number];

/** A check that must hold. */
export function required(name: string, passed: boolean, message: string): Check {
  return { name, passed, severity: 'error', message };
}

/** A check whose failure is told and fails nothing. */
export function advisory(name: string, passed: boolean, message: string): Check {
  return { name, passed, severity: 'warning', message };
}

/** A validation passes when every required check does. */
export function validationOf(checks: readonly Check[]): Validation {
  return { passed: checks.every((check) => check.passed || check.severity === 'warning'), checks: [...checks] };
}
