import type { Permission } from './people.ts';

/** What each permission lets somebody do, to be read after "may". */
export const PERMISSION_WORDS: Readonly<Record<Permission, string>> = {
  view: 'See lists, health and states',
  payload: 'Read prompts and outputs',
  money: 'Reconcile, propose and post mends',
  retry: 'Retry and cancel jobs',
  policy: 'Read the audit, change policies, roles and redaction',
  runner: 'Control runners',
  export: 'Write exports',
};
