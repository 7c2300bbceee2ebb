import type { FailureClass } from './failure.ts';

/** The classes of failure as people read them. */
export const FAILURE_CLASS_NAMES: Readonly<Record<FailureClass, string>> = {
  temporary: 'temporary',
  rate_limit: 'rate limit',
  timeout: 'timeout',
  provider: 'provider',
  validation: 'validation',
  input: 'input',
  policy: 'content policy',
  credit: 'credit',
  cancelled: 'cancelled',
  unknown: 'unknown',
};
